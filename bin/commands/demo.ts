import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { MarmaladeError } from '../../lib/base/index.ts'
import { runDemo, stayDemo } from '../demo/run.ts'
import { readPlan } from '../demo/plan.ts'
import { Story } from '../demo/words.ts'
import { act, addCommand, textOption } from '../cli/context.ts'

const MAX_FOLDERS = 1_000

export function addDemo(program: Command): void {
  const command = addCommand(program, {
    usage: 'demo',
    summary: 'two players on this machine play a tune together; then it is replayed from their feeds',
    examples: ['demo', 'demo --out /tmp/first-light', 'demo --stay', 'demo --json'],
  })
    .option('--out <folder>', 'where homes and files go (default: ./marmalade-demo)')
    .option('--ears <player>', 'whose mix the sound card plays: ada or ben', 'ada')
    .option('--stay', "leave Ben's node playing, and play as Ada yourself")
    .addOption(new Option('--plan <file>', 'another tune, as fixtures/first-light.json').hideHelp())
  act(command, async (context, _args, options) => {
    const ears = textOption(options['ears'])
    if (ears !== 'ada' && ears !== 'ben') throw new MarmaladeError('USAGE', '--ears is ada or ben')
    const plan = readPlan(textOption(options['plan']))
    const folder = folderFor(textOption(options['out']))
    const story = new Story(context.json)
    const stop = new AbortController()
    const give = (): void => stop.abort()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, give)
    const init = { folder, story, ears, plan, signal: stop.signal } as const
    if (options['stay'] === true) return stayDemo(init)
    const result = await runDemo(init)
    if (context.json) process.stdout.write(`${JSON.stringify(result)}\n`)
    if (!result.agree) process.exitCode = 1
  })
}

/** A folder of its own for each run: nothing of an earlier one is written over. @throws USAGE */
function folderFor(asked: string | undefined): string {
  const base = resolve(asked ?? 'marmalade-demo')
  for (let number = 1; number < MAX_FOLDERS; number++) {
    const folder = number === 1 ? base : `${base}-${number}`
    if (!existsSync(folder) || readdirSync(folder).length === 0) {
      mkdirSync(folder, { recursive: true })
      return folder
    }
    if (asked !== undefined) throw new MarmaladeError('USAGE', `${folder} is not empty: give --out another folder`)
  }
  throw new MarmaladeError('USAGE', `${base} has been used ${MAX_FOLDERS} times: remove some`)
}
