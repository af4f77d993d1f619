import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tape'
import type { EntryKey, JamId, PlayerId } from '../../lib/base/index.ts'
import { jamIdOf, name as checkedName } from '../../lib/base/index.ts'
import { connectLocal, type Contract, type LocalNode, type Remote } from '../../lib/host/index.ts'
import { homeAt } from '../../lib/store/index.ts'
import { connectionsContract } from '../../plugins/connections/index.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract, type SoundReport, type SoundStatus } from '../../plugins/sound/index.ts'
import { fixture } from './generators.ts'
import { Teardown, withTeardown } from './hosts.ts'
import { PROGRAM } from './programs.ts'
import { eventually } from './until.ts'

/** How long a node may take to end on a busy machine before it is killed. */
const PATIENCE_MILLIS = 90_000

/** A test with nodes as processes: whatever happens, all are ended in reverse, and their logs shown where it failed. */
export function withNodes(title: string, body: (t: Test, nodes: Nodes) => Promise<void>): void {
  withTeardown(
    title,
    () => new Nodes(),
    (nodes) => nodes.logs(),
    body,
  )
}

interface NodeInit {
  /** A home that is there already; else a fresh one. */
  readonly home?: string
  /** Beside the home; `<name>.wav` where it is left out. */
  readonly file?: string
}

/** Starts nodes as processes of their own, each writing what it hears to a WAV file. */
export class Nodes extends Teardown {
  readonly #logs: string[] = []
  #folder: Promise<string> | undefined

  /** One temporary folder for everything of the test. */
  place(...path: readonly string[]): Promise<string> {
    this.#folder ??= this.folder()
    return this.#folder.then((folder) => join(folder, ...path))
  }

  async start(name: string, { home, file = `${name}.wav` }: NodeInit = {}): Promise<ProgramNode> {
    const log = await this.place(`${file}.log`)
    this.#logs.push(log)
    const live = await this.place(file)
    const args = ['start', '--json', '--port', '0', '--host', '127.0.0.1', '--sink', `wav:${live}`]
    const at = home ?? (await this.place(name))
    await mkdir(at, { recursive: true })
    const child = spawn(process.execPath, [PROGRAM, ...args, '--home', at], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stderr.pipe(createWriteStream(log))
    this.add(child, (it) => ended(it, 'SIGKILL'))
    const line = await firstLine(child)
    if (line === undefined) throw new Error(`${name} did not start: ${readFileSync(log, 'utf8')}`)
    const { identity, addresses } = JSON.parse(line) as { identity: PlayerId; addresses: [string] }
    const local = await connectLocal(homeAt(at).socket)
    const node = new ProgramNode({ name, home: at, live, id: identity, address: addresses[0], child, local })
    this.add(node, (it) => it.stop())
    return node
  }

  /** A copy of a home on which no node runs. */
  async copyOf(home: string, name: string): Promise<string> {
    const copy = await this.place(name)
    await cp(home, copy, { recursive: true })
    await rm(join(copy, 'run'), { recursive: true, force: true })
    return copy
  }

  /** The last lines of every log. */
  logs(): string[] {
    return this.#logs
      .filter((log) => existsSync(log))
      .flatMap((log) => readFileSync(log, 'utf8').split('\n').slice(-20))
  }
}

interface Parts {
  readonly name: string
  readonly home: string
  /** The file that it writes what it hears to. */
  readonly live: string
  readonly id: PlayerId
  readonly address: string
  readonly child: ChildProcess
  readonly local: LocalNode
}

/** A node in a process of its own, reached over its Unix socket as the command line reaches it. */
export class ProgramNode {
  readonly name: string
  readonly home: string
  readonly live: string
  readonly id: PlayerId
  readonly address: string
  readonly #child: ChildProcess
  readonly #local: LocalNode

  constructor({ name, home, live, id, address, child, local }: Parts) {
    this.name = name
    this.home = home
    this.live = live
    this.id = id
    this.address = address
    this.#child = child
    this.#local = local
  }

  ask<C extends Contract>(contract: C): Remote<C> {
    return this.#local.remote(contract)
  }

  /** Ends it in order, as Ctrl-C does, or with SIGKILL at once. Idempotent. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.#local.close()
    await ended(this.#child, signal)
  }

  /** Publishes a folder; a name alone is one of the shipped generators. */
  async publish(folder: string): Promise<void> {
    const path = folder.startsWith('/') ? folder : fixture('generators', folder)
    await this.ask(generatorsContract).authoring.publish({ folder: path })
  }

  /** The bar that plays, counted from 1. */
  async bar(jam: JamId): Promise<number> {
    return (await this.ask(jamsContract).jam.show({ jam })).bar
  }

  /** Waits until a bar, counted from 1, plays. */
  async barReached(jam: JamId, bar: number): Promise<number> {
    return eventually(
      `bar ${bar}`,
      () => this.bar(jam),
      (now) => now >= bar,
    )
  }

  async play(jam: JamId, generator: string, on: number, more: PlayMore = {}): Promise<EntryKey> {
    const played = await this.ask(jamsContract).perform.play({ jam, generator, on: String(on), ...more })
    return played.key
  }

  async sound(): Promise<SoundStatus> {
    return this.ask(soundContract).sound.status()
  }

  /** Resolves when the jam is over and its file is finished. */
  async finished(): Promise<SoundReport> {
    return this.ask(soundContract).sound.finished()
  }
}

interface PlayMore {
  readonly as?: string
  readonly params?: Readonly<Record<string, number>>
  readonly bars?: number
  readonly replaces?: string
}

/** `b` connects to `a` and remembers the address; they follow each other. */
export async function meet(a: ProgramNode, b: ProgramNode): Promise<void> {
  await a.ask(feedsContract).feeds.follow({ player: b.id, on: true })
  await b.ask(feedsContract).feeds.follow({ player: a.id, on: true })
  await b.ask(connectionsContract).connections.connect({ address: a.address, keep: true })
}

/** `a` starts a jam of 4/4, `b` joins and is let in. */
export async function startJam(name: string, tempo: number, a: ProgramNode, b: ProgramNode): Promise<JamId> {
  await a.ask(jamsContract).jam.start({ name, tempo })
  const jam = jamIdOf(a.id, checkedName(name))
  await b.ask(jamsContract).jam.join({ jam })
  for (const node of [a, b]) {
    await eventually(
      `${node.name} is in`,
      () => node.ask(jamsContract).jam.show({ jam }),
      ({ mine, members }) => mine !== 'waiting' && mine !== 'none' && members === 2,
    )
    await eventually(
      `${node.name} sounds`,
      () => node.sound(),
      ({ state }) => state === 'playing',
    )
  }
  return jam
}

/** Ends a process that this test started and waits until it has gone. */
async function ended(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MILLIS)
  child.kill(signal)
  await gone
  clearTimeout(late)
}

async function firstLine(child: ChildProcess): Promise<string | undefined> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  return new Promise((resolve) => {
    lines.once('line', resolve)
    child.once('exit', () => resolve(undefined))
  })
}
