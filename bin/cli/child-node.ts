import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
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
interface Parts<N extends string> extends Announced {
  readonly name: N
  readonly home: string
  readonly child: ChildProcess
  readonly node: LocalNode
}

export interface ChildNodeInit<N extends string> {
  /** What it is called in messages. */
  readonly name: N
  readonly home: string
  /** A file for what it logs; written anew. */
  readonly log: string
  readonly sink: string
  /** `apart`: a terminal's Ctrl-C does not reach it, so that it can still be asked for things before it ends. */
  readonly group: 'ours' | 'apart'
}

/** A node in a process of its own, listening on the loopback alone, reached as the command line reaches it. */
export class ChildNode<N extends string = string> {
  readonly name: N
  readonly home: string
  readonly identity: PlayerId
  readonly addresses: readonly string[]
  readonly #child: ChildProcess
  readonly #node: LocalNode

  private constructor({ name, home, identity, addresses, child, node }: Parts<N>) {
    this.name = name
    this.home = home
    this.identity = identity
    this.addresses = addresses
    this.#child = child
    this.#node = node
  }

  /** Runs `marmalade start` on a home of its own. @throws NODE_NOT_RUNNING */
  static async start<N extends string>({ name, home, log, sink, group }: ChildNodeInit<N>): Promise<ChildNode<N>> {
    const args = ['start', '--json', '--home', home, '--port', '0', '--host', '127.0.0.1', '--sink', sink]
    const child = spawn(process.execPath, command(...args), {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: group === 'apart',
    })
    child.stderr.pipe(createWriteStream(log))
    try {
      const announced = await firstLine(child, name, log)
      const node = await connectLocal(homeAt(home).socket)
      return new ChildNode({ name, home, ...announced, child, node })
    } catch (error) {
      await ended(child)
      throw error
    }
  }

  /** The node's methods. */
  ask<C extends Contract>(contract: C): Remote<C> {
    return this.#node.remote(contract)
  }

  get hasEnded(): boolean {
    return hasEnded(this.#child)
  }

  /** Ends the node, as Ctrl-C does, and waits until its files are finished. */
  async stop(): Promise<void> {
    await this.#node.close()
    await ended(this.#child)
  }
}

/** This program with other arguments, as it was started: from source or built. */
export const command = (...args: readonly string[]): string[] => [...process.execArgv, process.argv[1] ?? '', ...args]

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

async function ended(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const late = setTimeout(() => child.kill('SIGKILL'), START_MILLIS)
  child.kill('SIGTERM')
  await gone
  clearTimeout(late)
}

/** @throws NODE_NOT_RUNNING */
async function firstLine(child: ChildProcess, name: string, log: string): Promise<Announced> {
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
    throw new MarmaladeError('NODE_NOT_RUNNING', `the node of ${name} did not start: the end of ${log} says why`)
  // Our own program's announcement, as `start --json` prints it.
  return JSON.parse(line) as Announced
}
