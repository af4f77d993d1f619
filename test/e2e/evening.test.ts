import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { buildProgram } from '../../bin/cli/program.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { DocMachines, stepsOf, type DocCommand, type DocRan } from '../helpers/doc-commands.ts'
import { bothHaveAll, onNode } from '../helpers/doc-nodes.ts'
import { Teardown, withTeardown } from '../helpers/hosts.ts'
import { eventually } from '../helpers/until.ts'
import { peakOf, recordingOf, stemOf } from '../helpers/wavs.ts'

const markdown = readFileSync(join(packageRoot(), 'docs/evening.md'), 'utf8')
const lines = markdown.split('\n')
const steps = stepsOf(markdown)
const commands = steps.filter((step) => step.kind === 'command')

withTeardown(
  'every command and option of the evening stands in its help',
  () => new Teardown(),
  () => [],
  async (t) => {
    t.ok(commands.length >= 30, `${commands.length} commands`)
    t.equal(new Set(commands.map(({ machine }) => machine)).size, 2, 'between two homes')
    const program = await buildProgram()
    for (const { text } of commands) {
      const words = text.split(' ').slice(1)
      let command: Command = program
      let path = 'marmalade'
      for (const word of words) {
        const found = command.commands.find((each) => each.name() === word)
        if (!found) break
        t.ok(command.helpInformation().includes(word), `\`${path} --help\` names ${word}`)
        command = found
        path += ` ${word}`
      }
      const help = command.helpInformation()
      for (const option of words.filter((word) => word.startsWith('--')))
        t.match(help, new RegExp(`^ +${option}\\b`, 'm'), `\`${path} --help\` names ${option}`)
    }
  },
)

withTeardown(
  'the evening goes as it is told',
  () => new Teardown(),
  () => [],
  async (t, teardown) => {
    const machines = await DocMachines.make(teardown)
    const ran: DocRan[] = []
    for (const step of steps) {
      if (step.kind === 'not run') continue
      if (step.kind === 'file') {
        await machines.write(step)
        continue
      }
      await beforehand(machines, step)
      const code = ran.find(({ text }) => text.includes('invite create'))?.stdout.split('\n')[0] ?? ''
      const done = await machines.run(step, step.text.replace('CODE', code))
      ran.push(done)
      const told = toldBelow(step)
      const ok = done.code === step.exit && told.every((line, n) => matches(line, done.stdout.split('\n')[n] ?? ''))
      t.ok(ok, `line ${step.line}: ${step.text}${ok ? '' : `\n${done.stdout}${done.stderr}`}`)
      if (step.text.includes('jam end')) {
        for (const machine of ['ada', 'ben']) {
          const { tempo, meter, players, instances } = await onNode(machines, machine, (node) =>
            node.remote(jamsContract).jam.show({ jam: 'late' }),
          )
          t.deepEqual([tempo, meter], [280, '3/4'], `${machine}: tempo and meter`)
          t.deepEqual(players.map(({ shown }) => shown).sort(), ['ada', 'ben'])
          const playing = instances.filter(({ stopped }) => !stopped).map(({ instance }) => instance)
          t.deepEqual(playing.sort(), ['drums', 'pad'], `${machine}: what was not stopped or replaced`)
        }
      }
    }
    const [ada, ben] = await Promise.all(['ada', 'ben'].map((machine) => machines.at(machine)))
    const [one, other] = [ada, ben].map((folder) => recordingOf(join(folder ?? '', 'late.wav')))
    t.ok(one && peakOf(one) > 0.1 && peakOf(one) < 1, 'it sounds')
    t.equal(one?.sha256, other?.sha256, 'from both homes the same')
    for (const name of ['drums-drums', 'chords-pad', 'hook-hook', 'hook-hook-2'])
      t.ok(peakOf(stemOf(join(ben ?? '', 'stems'), name)) > 0.05, `${name} sounds`)
    t.match(readFileSync(join(ada ?? '', 'late.svg'), 'utf8'), /late, but not tired/, 'and there is a picture')
  },
)

/** What a player would wait for before typing on: that the other is to be seen, that the jam has come. */
async function beforehand(machines: DocMachines, { machine, text }: DocCommand): Promise<void> {
  if (text.endsWith('jam join ada:late'))
    await eventually('the jam has come', () =>
      onNode(machines, machine, async (node) => (await node.remote(jamsContract).jam.list()).length > 0),
    )
  if (text.endsWith('jam show') && machine === 'ada')
    await eventually('ben is to be seen', () =>
      onNode(machines, machine, async (node) => {
        const { waiting, players } = await node.remote(jamsContract).jam.show({})
        return [...waiting, ...players].some(({ shown }) => shown === 'ben')
      }),
    )
  if (text.endsWith('shutdown') && machine === 'ada') await bothHaveAll(machines, ['ada', 'ben'], 'late')
}

/** What stands below a command. */
function toldBelow({ line }: DocCommand): string[] {
  const told: string[] = []
  for (let at = line; (lines[at] ?? '').startsWith('    ') && !(lines[at] ?? '').startsWith('    $ '); at++)
    told.push((lines[at] ?? '').slice(4))
  return told
}

/** Words of what is told: when it reaches the other one, what has stopped or is to, a hash, what is left out, a number, blanks, a sign. */
const PARTS = /(, (?:ada|ben)) from bar \d+|stopped$|[0-9a-f]{6}…|…|-?\d+(?:\.\d+)?| +|\W/g

/** The same but for numbers and hashes, for what is left out by `…`, and for when it reaches the other one. What has stopped may be about to. */
function matches(told: string, said: string): boolean {
  const loose = told.replace(PARTS, (part: string, other?: string) => {
    if (other !== undefined) return `${other} .*`
    if (part === 'stopped') return '(?:stopped|until bar \\d+)'
    if (part.endsWith('…')) return '.*'
    if (/\d/.test(part)) return '-?\\d+(?:\\.\\d+)?'
    return part.startsWith(' ') ? ' +' : `\\${part}`
  })
  return new RegExp(`^${loose}$`).test(said)
}
