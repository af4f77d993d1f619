#!/usr/bin/env node
import { buildProgram } from './cli/program.ts'
import { report } from './cli/context.ts'

try {
  const program = await buildProgram(process.argv[2])
  await program.parseAsync(process.argv)
} catch (error) {
  process.exitCode = report(error, process.argv.includes('--json'))
}
