import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { MarmaladeError } from '../../lib/base/index.ts'
import { connectLocal, isListening } from '../../lib/host/index.ts'
import { toHandOut } from '../../lib/peers/index.ts'
import { openHome } from '../../lib/store/index.ts'
import { act, addCommand, numberOf, textOption, type Context } from '../cli/context.ts'

/** How long a detached node gets to answer. */
const DETACH_MILLIS = 20_000

export function addStart(program: Command): void {
  const command = addCommand(program, {
    usage: 'start',
    summary: 'run a node: keep feeds, gossip, sound the jam joined last',
    examples: [
      'start',
      'start --detach',
      'start --jam friday --sink wav:/tmp/friday.wav',
      'start --sink speaker:plughw:CARD=PCH,DEV=0',
      'start --sink null --port 0',
    ],
  })
    .option('--jam <jam>', 'the jam to sound (default: the one joined last)')
    .option(
      '--sink <sink>',
      'speaker[:DEVICE], aplay[:DEVICE], wav:FILE, raw:- or null; `doctor` lists devices (default: the card, else null)',
    )
    .option('--port <port>', 'TCP port for other nodes, 0 for any (default: 2468)')
    .option('--host <address>', 'address to listen on (default: ::, every IPv6 and IPv4 address)')
    .option('--detach', 'go on in the background; `shutdown` ends it')
  act(command, async (context, _args, options) => {
    const sink = textOption(options['sink'])
    if (sink !== undefined) await checkSink(sink)
    if (options['detach'] === true) return detach(context)
    await run(context, options)
  })
}

async function checkSink(text: string): Promise<void> {
  const { checkDevice, parseSink } = await import('../../lib/sink/index.ts')
  await checkDevice(parseSink(text))
}

async function run(context: Context, options: Record<string, unknown>): Promise<void> {
  // All that a node needs is much to read for those who only start one in the background.
  const [{ runNode }, { makeLog }] = await Promise.all([import('../../plugins/run.ts'), import('../cli/log.ts')])
  const port = textOption(options['port'])
  const sink = textOption(options['sink'])
  const listenHost = textOption(options['host'])
  const stop = new AbortController()
  const asked = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()))
  const ask = (): void => stop.abort()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask)
  const node = await runNode({
    ...(context.homeOption !== undefined && { home: context.homeOption }),
    ...(sink !== undefined && { sink }),
    ...(port !== undefined && { port: portOf(port) }),
    ...(listenHost !== undefined && { listenHost }),
    log: (level) => makeLog(level, process.stderr.isTTY ? join(context.home.path, 'node.log') : undefined),
    onShutdown: ask,
  })
  try {
    const jam = textOption(options['jam'])
    if (jam !== undefined) await select(context, jam)
    const addresses = [...node.host.addresses()]
    const words = [
      `you are ${node.host.id}`,
      'others connect with:',
      ...toHandOut(addresses, networkInterfaces()).map((address) => `  marmalade connect ${address}`),
      `sound goes to ${node.sink}${node.sink === 'null' ? ' (no sound card found: --sink wav:FILE keeps it)' : ''}`,
      'Ctrl-C ends the node',
    ]
    // With --sink raw:- standard output is the sound.
    const print = { identity: node.host.id, addresses, home: node.home.path, sink: node.sink, pid: process.pid }
    if (node.sink === 'raw:-') process.stderr.write(`${words.join('\n')}\n`)
    else context.print(print, () => words.join('\n'))
    await asked
  } finally {
    await node.close()
  }
}

async function select(context: Context, jam: string): Promise<void> {
  const { jamsContract } = await import('../../plugins/jams/index.ts')
  const local = await connectLocal(context.home.socket)
  try {
    await local.remote(jamsContract).jam.join({ jam })
  } finally {
    await local.close()
  }
}

function portOf(text: string): number {
  const port = numberOf(text, 'the port')
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new MarmaladeError('USAGE', 'a port lies from 0 to 65535')
  return port
}

/** Starts the same command in the background. */
async function detach(context: Context): Promise<void> {
  const args = process.argv.slice(2).filter((arg) => arg !== '--detach')
  const { pid, log } = await startInBackground(context, args)
  context.print({ pid, home: context.home.path, log }, () => `the node runs as process ${pid}; its log is ${log}`)
}

/**
 * Runs a command that starts a node in the background, its log in the home, and waits until the node answers.
 * @param args as on the command line, from `start` on
 * @throws MarmaladeError NODE_NOT_RUNNING where it does not start
 */
export async function startInBackground(
  context: Context,
  args: readonly string[],
): Promise<{ readonly pid: number; readonly log: string }> {
  const home = openHome(context.homeOption)
  const log = join(home.path, 'node.log')
  const out = openSync(log, 'a', 0o600)
  const command = [...process.execArgv, process.argv[1] ?? '', ...args]
  const child = spawn(process.execPath, command, { detached: true, stdio: ['ignore', out, out] })
  closeSync(out)
  const failed = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)))
  const deadline = performance.now() + DETACH_MILLIS
  for (;;) {
    if (await isListening(home.socket)) break
    const over = await Promise.race([failed, new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 50))])
    if (over || performance.now() > deadline) {
      throw new MarmaladeError('NODE_NOT_RUNNING', `the node did not start: the end of ${log} says why`)
    }
  }
  child.unref()
  return { pid: child.pid ?? 0, log }
}
