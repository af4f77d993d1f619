import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { MarmaladeError, type PlayerId } from '../../lib/base/index.ts'
import { connectLocal, type Contract, type LocalNode, type Remote } from '../../lib/host/index.ts'
import { homeAt } from '../../lib/store/index.ts'

/** How long a node gets to start and to end. */
const START_MILLIS = 30_000

interface Announced {
  readonly identity: PlayerId
  readonly addresses: readonly string[]
}

/** One of the demo's players: a node in a process of its own, reached as the command line reaches it. */
export class DemoPlayer {
  readonly name: string
  readonly home: string
  readonly identity: PlayerId
  readonly addresses: readonly string[]
  readonly #child: ChildProcess
  readonly #node: LocalNode

  private constructor(name: string, home: string, announced: Announced, child: ChildProcess, node: LocalNode) {
    this.name = name
    this.home = home
    this.identity = announced.identity
    this.addresses = announced.addresses
    this.#child = child
    this.#node = node
  }

  /** Runs `marmalade start` on a home of its own. @throws NODE_NOT_RUNNING */
  static async start(name: string, folder: string, sink: string): Promise<DemoPlayer> {
    const home = join(folder, name)
    const log = join(folder, `${name}.log`)
    const child = spawn(
      process.execPath,
      command('start', '--json', '--home', home, '--port', '0', '--host', '127.0.0.1', '--sink', sink),
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    child.stderr.pipe(createWriteStream(log))
    const announced = await firstLine(child, log)
    const node = await connectLocal(homeAt(home).socket)
    return new DemoPlayer(name, home, announced, child, node)
  }

  /** The node's methods. */
  ask<C extends Contract>(contract: C): Remote<C> {
    return this.#node.remote(contract)
  }

  /** Ends the node, as Ctrl-C does, and waits until its files are finished. */
  async stop(): Promise<void> {
    await this.#node.close()
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    const late = setTimeout(() => this.#child.kill('SIGKILL'), START_MILLIS)
    this.#child.kill('SIGTERM')
    await ended
    clearTimeout(late)
  }
}

/** This program with other arguments, as it was started: from source or built. */
export const command = (...args: readonly string[]): string[] => [...process.execArgv, process.argv[1] ?? '', ...args]

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
  if (line === undefined) {
    child.kill('SIGKILL')
    throw new MarmaladeError('NODE_NOT_RUNNING', `a node of the demo did not start: ${log} says why`)
  }
  // Our own program's announcement, as `start --json` prints it.
  return JSON.parse(line) as Announced
}
