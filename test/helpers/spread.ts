import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  jamIdOf,
  name,
  SAMPLE_RATE,
  type EntryKey,
  type JamId,
  type Millis,
  type PlayerId,
} from '../../lib/base/index.ts'
import { loaderFor, siblingModule } from '../../lib/base/node/thread.ts'
import { connectLocal, type Contract, type Remote } from '../../lib/host/index.ts'
import { homeAt } from '../../lib/store/index.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { fixture } from './generators.ts'
import type { Teardown } from './hosts.ts'
import { ended, lan } from './lan.ts'
import { takeLines, takesOf } from './takes.ts'
import { until } from './until.ts'

const NODE = siblingModule('skewed-node', import.meta.url)
/** Bars of 4/4 at this tempo last a second. */
const TEMPO = 240

/** A node in a process and a network of its own. */
class LanNode {
  readonly home: string
  readonly id: PlayerId
  readonly ask: <C extends Contract>(contract: C) => Remote<C>

  private constructor(home: string, id: PlayerId, ask: LanNode['ask']) {
    this.home = home
    this.id = id
    this.ask = ask
  }

  static async start(down: Teardown, namespace: string, skew: Millis): Promise<LanNode> {
    const home = join(await down.folder(), 'home')
    const node = [process.execPath, ...loaderFor(NODE), fileURLToPath(NODE), home, String(skew)]
    const child = spawn('ip', ['netns', 'exec', namespace, ...node], { stdio: ['ignore', 'pipe', 'inherit'] })
    down.add(child, ended)
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve)
      child.once('exit', () => reject(new Error('the node ended')))
    })
    const local = down.add(await connectLocal(homeAt(home).socket), (it) => it.close())
    const { identity } = JSON.parse(line) as { identity: PlayerId }
    return new LanNode(home, identity, (contract) => local.remote(contract))
  }

  /** When the first frame of an instance was, or will be, due at its sink: the machine's monotonic clock, which both nodes share. */
  async startOf(play: EntryKey): Promise<Millis> {
    const started = await until(
      'it starts',
      async () => {
        const lines = await Promise.all((await takesOf(this.home)).map(takeLines))
        return lines.flat().findLast(({ kind, key }) => kind === 'started' && key === play)
      },
      (line) => line !== undefined,
    )
    const { zero = NaN } = await this.ask(soundContract).sound.status()
    return zero + (Number(started?.['frame']) * 1_000) / SAMPLE_RATE
  }
}

/** Two nodes on one LAN in one jam, the wall clock of the one that joins put by so much. */
export class SkewedPair {
  readonly #starter: LanNode
  readonly #other: LanNode
  readonly #jam: JamId

  private constructor(starter: LanNode, other: LanNode, jam: JamId) {
    this.#starter = starter
    this.#other = other
    this.#jam = jam
  }

  static async start(down: Teardown, skew: Millis): Promise<SkewedPair> {
    const [a, b] = lan(down, 4)
    const [ada, ben] = await Promise.all([LanNode.start(down, a, 0), LanNode.start(down, b, skew)])
    await ada.ask(feedsContract).feeds.follow({ player: ben.id, on: true })
    await ben.ask(feedsContract).feeds.follow({ player: ada.id, on: true })
    await ada.ask(jamsContract).jam.start({ name: 'spread', tempo: TEMPO })
    const jam = jamIdOf(ada.id, name('spread'))
    await until(
      'the jam is known',
      () => ben.ask(jamsContract).jam.list(),
      (jams) => jams.some((row) => row.jam === jam),
    )
    await ben.ask(jamsContract).jam.join({ jam })
    await until(
      'its time is measured',
      () => ben.ask(jamsContract).jam.show({ jam }),
      ({ clock }) => clock.from === 'starter',
    )
    for (const node of [ada, ben]) {
      const { sound } = node.ask(soundContract)
      await until('it sounds', sound.status, ({ frame }) => frame !== undefined)
    }
    const folder = fixture('generators', 'drums')
    await ada.ask(generatorsContract).authoring.publish({ folder })
    const pair = new SkewedPair(ada, ben, jam)
    // What a node has not, it fetches and makes ready first.
    const { key } = await ada.ask(jamsContract).perform.play({ jam, generator: 'drums' })
    await pair.#apart(key)
    return pair
  }

  async #apart(play: EntryKey): Promise<Millis> {
    const [own, other] = await Promise.all([this.#starter, this.#other].map((node) => node.startOf(play)))
    return Math.abs((own ?? NaN) - (other ?? NaN))
  }

  /** Has the starter play something for four bars, from the next one on; how far apart the two begin with it. */
  async spread(): Promise<Millis> {
    const { perform } = this.#starter.ask(jamsContract)
    const { key } = await perform.play({ jam: this.#jam, generator: 'drums', on: 'bar', bars: 4 })
    return this.#apart(key)
  }
}
