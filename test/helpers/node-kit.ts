import { readFile, readdir, writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import type { Test } from 'tape'
import {
  jamIdOf,
  name as checkedName,
  type BlobId,
  type Clock,
  type JamId,
  type PlayerId,
} from '../../lib/base/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import { connectLocal, need, type Connection, type Contract, type Remote } from '../../lib/host/index.ts'
import type { BlobsApi } from '../../plugins/blobs/index.ts'
import { feedsContract, type FeedRow, type FeedsApi } from '../../plugins/feeds/index.ts'
import { generatorsContract, type GeneratorRow } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { runNode, type Node } from '../../plugins/run.ts'
import { soundContract, type SoundStatus } from '../../plugins/sound/index.ts'
import { fixture } from './generators.ts'
import { addressOf, memoryLog, Teardown, withTeardown, type Memory } from './hosts.ts'
import { until } from './until.ts'

/** A test of whole nodes: whatever happens, all that was opened is closed in reverse. */
export function e2e(title: string, body: (t: Test, kit: NodeKit) => Promise<void>): void {
  withTeardown(
    title,
    () => new NodeKit(),
    (kit) => kit.complaints(),
    body,
  )
}

interface NodeInit {
  /** A home that is there already; else a fresh one. */
  readonly home?: string
  readonly sink?: string
  /** Its clock instead of the machine's. */
  readonly clock?: Clock
  /** What config.json says. */
  readonly config?: Readonly<Record<string, unknown>>
}

/** Starts whole nodes on temporary homes. */
export class NodeKit extends Teardown {
  readonly #logs: Memory[] = []

  /** What nodes warned of, for a test that failed. */
  complaints(): string[] {
    return this.#logs.flatMap(({ lines }, at) =>
      lines
        .filter(({ level }) => level === 'warn' || level === 'error')
        .map(({ level, fields, message }) => `node ${at + 1}: ${level}: ${message} ${inspect(fields)}`),
    )
  }

  async node(init: NodeInit = {}): Promise<TestNode> {
    const home = init.home ?? join(await this.folder(), 'home')
    await mkdir(home, { recursive: true })
    if (init.config) await writeFile(join(home, 'config.json'), JSON.stringify(init.config))
    const log = memoryLog()
    this.#logs.push(log)
    const node = await runNode({
      home,
      sink: init.sink ?? 'null',
      ...(init.clock && { clock: init.clock }),
      port: 0,
      listenHost: '127.0.0.1',
      log: () => log,
      onShutdown: () => undefined,
    })
    this.add(node, (it) => it.close())
    const local = this.add(await connectLocal(node.home.socket), (it) => it.close())
    return new TestNode(node, log, (contract) => local.remote(contract))
  }
}

/** A whole node, as its owner reaches it (`ask`), and opened up for tests (`feeds`, `blobs`). */
export class TestNode {
  readonly node: Node
  readonly id: PlayerId
  readonly log: Memory
  readonly feeds: FeedsApi
  readonly blobs: BlobsApi
  /** The methods over its Unix socket. */
  readonly ask: <C extends Contract>(contract: C) => Remote<C>

  constructor(node: Node, log: Memory, ask: TestNode['ask']) {
    this.node = node
    this.id = node.host.id
    this.log = log
    this.ask = ask
    this.feeds = node.host.api(need<FeedsApi>('feeds'))
    this.blobs = node.host.api(need<BlobsApi>('blobs'))
  }

  get address(): string {
    return addressOf(this.node.host)
  }

  /** A link dialled once: it is not dialled again when it is lost. */
  async dial(other: TestNode): Promise<Connection> {
    return this.node.host.connect(other.address)
  }

  /** The link to another node. */
  linkTo(other: { readonly id: PlayerId }): Connection {
    const connection = this.node.host.connectionTo(other.id)
    if (!connection) throw new Error(`${this.id} has no connection to ${other.id}`)
    return connection
  }

  /** What a link to another node is to it. */
  roleOf(other: { readonly id: PlayerId }): Promise<string> {
    return this.linkTo(other).role()
  }

  async follow(other: { readonly id: PlayerId }, on = true): Promise<void> {
    await this.ask(feedsContract).feeds.follow({ player: other.id, on })
    await until('a follow is folded in', () => this.feeds.follows.follows(this.id, other.id) === on)
  }

  /** An entry in its own feed past every check but that of its shape. */
  async write(payload: Payload): ReturnType<FeedsApi['publish']> {
    return this.feeds.publish(payload)
  }

  /** Publishes a folder as the command line does; a name alone is one of the examples. */
  async publish(folder: string): Promise<GeneratorRow> {
    const path = folder.startsWith('/') ? folder : fixture('generators', folder)
    return this.ask(generatorsContract).authoring.publish({ folder: path })
  }

  /** Publishes an archive that nothing has looked at. */
  async publishUnchecked(generator: string, archive: Uint8Array): Promise<BlobId> {
    const { id } = await this.blobs.store.add([archive])
    await this.write({ type: 'generator', name: generator, archive: id, size: archive.length, runtime: 'wasm' })
    return id
  }

  async feedRow(player: PlayerId): Promise<FeedRow | undefined> {
    for await (const row of this.ask(feedsContract).feeds.list()) if (row.player === player) return row
    return undefined
  }

  /** Waits until another's feed is here up to what its author has. */
  async caughtUpWith(author: TestNode): Promise<void> {
    const head = await author.feeds.store.head(author.id)
    const seen = await until(
      'a feed has come',
      () => this.feeds.store.head(author.id),
      (at) => at !== undefined && at.comparable >= (head?.comparable ?? 0),
    )
    if (!seen) throw new Error('no head')
  }

  async sound(): Promise<SoundStatus> {
    return this.ask(soundContract).sound.status()
  }

  /** Waits until what sounds fits. */
  async sounds(what: string, right: (status: SoundStatus) => boolean): Promise<SoundStatus> {
    return until(what, () => this.sound(), right)
  }

  async show(jam: JamId): ReturnType<Remote<typeof jamsContract>['jam']['show']> {
    return this.ask(jamsContract).jam.show({ jam })
  }

  /** Every line of every take in its home, parsed; the last line may still be being written. */
  async takeLines(): Promise<Record<string, unknown>[]> {
    const { takes } = this.node.home
    const files = await readdir(takes, { recursive: true })
    const texts = await Promise.all(
      files.filter((file) => file.endsWith('.take')).map((file) => readFile(join(takes, file), 'utf8')),
    )
    return texts
      .flatMap((text) => text.slice(0, text.lastIndexOf('\n') + 1).split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}

/** Two nodes follow each other over a link that `b` dials, and have each other's feeds. */
export async function meet(a: TestNode, b: TestNode): Promise<void> {
  await a.follow(b)
  await b.follow(a)
  await b.dial(a)
  await Promise.all([a.caughtUpWith(b), b.caughtUpWith(a)])
}

/** `a` starts a jam at two seconds a bar or so; the others, whom it follows, join and are let in. */
export async function startJam(name: string, a: TestNode, ...others: readonly TestNode[]): Promise<JamId> {
  await a.ask(jamsContract).jam.start({ name, tempo: 120 })
  const jam = jamIdOf(a.id, checkedName(name))
  for (const other of others) {
    await other.ask(jamsContract).jam.join({ jam })
    await until(
      'a player is let in',
      () => other.show(jam),
      ({ mine }) => mine === 'member',
    )
    await until(
      'both ends know it',
      () => a.roleOf(other),
      (role) => role === 'member',
    )
  }
  return jam
}

/** The same, and waits until every engine renders. */
export async function startSounding(name: string, a: TestNode, ...others: readonly TestNode[]): Promise<JamId> {
  const jam = await startJam(name, a, ...others)
  for (const node of [a, ...others]) await node.sounds('an engine renders', ({ frame }) => frame !== undefined)
  return jam
}

/** The instances that sound on a node, by the last part of their paths. */
export const instanceNames = ({ instances }: SoundStatus): string[] =>
  instances.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)).sort()

/** `on` for a play that everybody hears in time, on a busy machine too. */
export async function barAhead(node: TestNode, jam: JamId, bars = 3): Promise<string> {
  return String((await node.show(jam)).bar + bars)
}
