import { resolve } from 'node:path'
import type { Command } from 'commander'
import { buildGenerator } from '../../lib/authoring/index.ts'
import { faultWords } from '../cli/build-words.ts'
import { act, addCommand } from '../cli/context.ts'

export function addBuild(generator: Command): void {
  const command = addCommand(generator, {
    usage: 'build <folder>',
    summary: 'compile a generator from its sources: AssemblyScript, C or Rust',
    examples: ['generator build ./my-bass', 'generator build . --json'],
  }).description(
    'compile src/NAME.ts (AssemblyScript), .c or .rs to the NAME.wasm that generator.json names, and check it. The exit code is 1 where something is at fault; the module that was there then stays',
  )
  act(command, async (context, [folder = '']) => {
    const built = await buildGenerator(resolve(folder))
    if (!built.ok) process.exitCode = 1
    context.print(built, () =>
      built.ok
        ? [...faultWords(built.advice), `${folder} is built, in ${(built.millis / 1000).toFixed(1)} s`].join('\n')
        : faultWords(built.faults).join('\n'),
    )
  })
}
