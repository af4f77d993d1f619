import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { ownedParts, MarmaladeError } from '../../lib/base/index.ts'
import { openHome } from '../../lib/store/index.ts'
import { botHome, jamFor, runBot, sendAway, type Playing } from '../bot/run.ts'
import { command as programWith } from '../cli/child-node.ts'
import { act, addCommand, textOption, type Context } from '../cli/context.ts'
import { heardBy } from '../cli/hearing.ts'
import { addJamOption } from '../cli/place.ts'

const ENDINGS = {
  'asked to': 'it has left',
  'jam over': 'the jam is over',
  'put out': 'it is in the jam no more',
  'node gone': 'your node has ended, and so has it',
} as const

export function addBot(program: Command): void {
  const command = addJamOption(
    addCommand(program, {
      usage: 'bot',
      summary: 'a player for evenings alone: joins your jam and answers what is played; Ctrl-C has it leave',
      examples: ['bot', 'bot --jam friday --detach', 'bot --leave'],
    }),
  )
    .option('--detach', 'go on in the background; `bot --leave`, `jam remove echo` or the end of the jam has it leave')
    .option('--leave', 'have the one in the background leave')
  act(command, async (context, _args, options) => {
    if (options['leave'] === true) {
      await sendAway(context)
      context.print({ left: true }, () => ENDINGS['asked to'])
      return
    }
    const jam = await jamFor(context, textOption(options['jam']))
    if (options['detach'] === true) {
      const { playing, pid } = await detached(context, jam)
      context.print({ ...playing, pid }, () => words(playing, '`bot --leave` has it leave'))
      return
    }
    const stop = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
    const onPlaying = (playing: Playing): void => {
      process.send?.(playing, undefined, {}, () => process.disconnect())
      context.print(playing, () => words(playing, 'Ctrl-C has it leave'))
    }
    const why = await runBot({ context, jam, signal: stop.signal, onPlaying })
    if (!context.json) process.stdout.write(`${ENDINGS[why]}\n`)
  })
}

const words = ({ name, jam, played }: Playing, how: string): string =>
  [
    ...played.map(({ instance, hears, bar }) => `${instance}: ${heardBy(hears, bar)}`),
    `${name} plays in ${ownedParts(jam).name}; ${how}`,
  ].join('\n')

/** The same command in the background, its log in the bot's home; resolves when it plays. @throws NODE_NOT_RUNNING */
async function detached(context: Context, jam: string): Promise<{ readonly playing: Playing; readonly pid: number }> {
  const log = join(openHome(botHome(context.home).path).path, 'bot.log')
  const out = openSync(log, 'a', 0o600)
  const args = programWith('bot', '--jam', jam, '--home', context.home.path)
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', out, out, 'ipc'] })
  closeSync(out)
  const playing = await new Promise<Playing | undefined>((resolve) => {
    // What our own program sends.
    child.once('message', (message) => resolve(message as Playing))
    child.once('exit', () => resolve(undefined))
  })
  if (!playing) throw new MarmaladeError('NODE_NOT_RUNNING', `the bot did not start: the end of ${log} says why`)
  child.unref()
  return { playing, pid: child.pid ?? 0 }
}
