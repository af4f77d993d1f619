#!/usr/bin/env node
import { buildProgram } from './cli/program.ts'
import { report } from './cli/context.ts'

try {
  await buildProgram().parseAsync(process.argv)
} catch (error) {
  process.exitCode = report(error, process.argv.includes('--json'))
}
