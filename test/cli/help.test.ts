import type { Command } from 'commander'
import test from 'tape'
import { buildProgram } from '../../bin/cli/program.ts'

test('help of every command shows examples that begin with its name', async (t) => {
  let count = 0
  const look = (command: Command, path: readonly string[]): void => {
    count++
    const name = path.join(' ')
    const examples = /\nExamples:\n([^]*)$/.exec(helpOf(command))?.[1]?.trimEnd().split('\n') ?? []
    t.ok(examples.length > 0, `${name}: ${examples.length} examples`)
    const strange = examples.filter((line) => !line.startsWith(`  $ marmalade ${name}`))
    if (strange.length > 0) t.fail(`${name}: ${strange.join()}`)
    for (const inner of command.commands) look(inner, [...path, inner.name()])
  }
  const { commands } = await buildProgram()
  for (const command of commands) look(command, [command.name()])
  t.ok(count >= 35, `${count} commands`)
  for (const name of commands.map((command) => command.name())) {
    const alone = (await buildProgram(name)).commands.map((command) => command.name())
    t.ok(alone.includes(name) && alone.length < commands.length / 2, `${name} is there without most of the others`)
  }
})

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
  })
  command.outputHelp()
  return text
}
