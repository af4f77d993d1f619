import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { MarmaladeError, type PlayerId } from '../../lib/base/index.ts'
import { connectLocal, type Contract, type LocalNode, type Remote } from '../../lib/host/index.ts'
import { homeAt } from '../../lib/store/index.ts'
import type { Who } from './plan.ts'

/** How long a node gets to start and to end. */
const START_MILLIS = 30_000

interface Announced {
  readonly identity: PlayerId
  readonly addresses: readonly string[]
}
interface Parts extends Announced {
  readonly name: Who
  readonly home: string
  readonly child: ChildProcess
  readonly node: LocalNode
}

/** Both players. */
export type Pair = Readonly<Record<Who, DemoPlayer>>

/** One of the demo's players: a node in a process of its own, reached as the command line reaches it. */
export class DemoPlayer {
  readonly name: Who
  readonly home: string
  readonly identity: PlayerId
  readonly addresses: readonly string[]
  readonly #child: ChildProcess
  readonly #node: LocalNode

  private constructor({ name, home, identity, addresses, child, node }: Parts) {
    this.name = name
    this.home = home
    this.identity = identity
    this.addresses = addresses
    this.#child = child
    this.#node = node
  }

  /** Runs `marmalade start` on a home of its own. @throws NODE_NOT_RUNNING */
  static async start(name: Who, folder: string, sink: string): Promise<DemoPlayer> {
    const home = join(folder, name)
    const log = join(folder, `${name}.log`)
    const args = ['start', '--json', '--home', home, '--port', '0', '--host', '127.0.0.1', '--sink', sink]
    const child = spawn(process.execPath, command(...args), { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stderr.pipe(createWriteStream(log))
    try {
      const announced = await firstLine(child, log)
      const node = await connectLocal(homeAt(home).socket)
      return new DemoPlayer({ name, home, ...announced, child, node })
    } catch (error) {
      await ended(child)
      throw error
    }
  }

  /** The node's methods. */
  ask<C extends Contract>(contract: C): Remote<C> {
    return this.#node.remote(contract)
  }

  /** Ends the node, as Ctrl-C does, and waits until its files are finished. */
  async stop(): Promise<void> {
    await this.#node.close()
    await ended(this.#child)
  }
}

/** Starts both at once; where one does not start the other is ended too. @throws NODE_NOT_RUNNING */
export async function startPair(folder: string, sinkOf: (who: Who) => string): Promise<Pair> {
  const started = await Promise.allSettled(
    (['ada', 'ben'] as const).map((who) => DemoPlayer.start(who, folder, sinkOf(who))),
  )
  const [ada, ben] = started.map((each) => (each.status === 'fulfilled' ? each.value : undefined))
  if (ada && ben) return { ada, ben }
  await Promise.all([ada?.stop(), ben?.stop()])
  throw started.find((each) => each.status === 'rejected')?.reason
}

/** This program with other arguments, as it was started: from source or built. */
export const command = (...args: readonly string[]): string[] => [...process.execArgv, process.argv[1] ?? '', ...args]

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const late = setTimeout(() => child.kill('SIGKILL'), START_MILLIS)
  child.kill('SIGTERM')
  await gone
  clearTimeout(late)
}

/** @throws NODE_NOT_RUNNING */
async function firstLine(child: ChildProcess, log: string): Promise<Announced> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const line = await new Promise<string | undefined>((resolve) => {
    const late = setTimeout(() => resolve(undefined), START_MILLIS)
    const settle = (found: string | undefined): void => {
      clearTimeout(late)
      resolve(found)
    }
    lines.once('line', settle)
    child.once('exit', () => settle(undefined))
  })
  if (line === undefined)
    throw new MarmaladeError('NODE_NOT_RUNNING', `a node of the demo did not start: ${log} says why`)
  // Our own program's announcement, as `start --json` prints it.
  return JSON.parse(line) as Announced
}
