import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BlobId, type EntryKey, generatorIdOf, type JamId, jamIdOf, type Name } from '../../lib/base/index.ts'
import { type Entry, type Payload, signEntry } from '../../lib/entry/index.ts'
import { generateIdentity, type Identity, nodeCrypto } from '../../lib/keys/index.ts'
import { type Archive, shippedArchive } from '../kit/archives.ts'
import type { Action, Plan } from '../listen/plan.ts'

/** What a plan may say, and what the examples' own has no need of. */
export type Act =
  | (Action & { readonly params?: Readonly<Record<string, number>> })
  | (Pick<Action, 'bar' | 'player'> & {
      readonly do: 'param'
      readonly generator: string
      readonly as?: string
      readonly name: string
      readonly value: number
      /** Bars that it takes. */
      readonly over?: number
    })
  | (Pick<Action, 'bar' | 'player'> & { readonly do: 'tempo'; readonly tempo: number })

/** A plan that says more. */
export interface Tune extends Omit<Plan, 'actions'> {
  readonly actions: readonly Act[]
  /** Generators that are no examples, by name. */
  readonly own?: ReadonlyMap<string, Archive>
}

const TICKS_PER_BAR = 4 * 960
const START_MICROS = 1_700_000_000_000_000

/** A jam as entries of its two players, and where the archives lie. */
export interface Recorded {
  readonly jam: JamId
  readonly entries: readonly Entry[]
  readonly archives: ReadonlyMap<BlobId, string>
}

/** One player's chain as it grows. */
class Writer {
  readonly entries: Entry[] = []
  readonly identity: Identity
  #next: number

  constructor(seed: number) {
    this.identity = generateIdentity(new Uint8Array(32).fill(seed))
    this.#next = START_MICROS + seed
  }

  write(payload: Payload): void {
    const parent: EntryKey | null = this.entries.at(-1)?.key ?? null
    const { id, signer } = this.identity
    this.#next += 1_000
    this.entries.push(
      signEntry({ identity: id, parent, comparable: this.#next, synod: null, payload }, signer, nodeCrypto),
    )
  }
}

/** Signs what a plan says and packs the generators that it plays into a folder. */
export async function recordPlan(plan: Tune, folder: string): Promise<Recorded> {
  const ada = new Writer(1)
  const ben = new Writer(2)
  const writers: Readonly<Record<string, Writer>> = { ada, ben }
  const jam = jamIdOf(ada.identity.id, plan.name as Name)
  ada.write({ type: 'jam', jam, action: 'start', title: plan.title, tempo: plan.tempo, meter: '4/4', engine: 0 })
  ada.write({ type: 'jam', jam, action: 'admit', identity: ben.identity.id })
  ben.write({ type: 'jam', jam, action: 'join' })
  const archives = new Map<BlobId, string>()
  const named = new Map<string, BlobId>()
  for (const [player, { generators }] of Object.entries(plan.players)) {
    for (const name of generators) {
      const { id, bytes } = plan.own?.get(name) ?? (await shippedArchive(name))
      const file = join(folder, `${name}.tgz`)
      writeFileSync(file, bytes)
      archives.set(id, file)
      named.set(name, id)
      writers[player]?.write({ type: 'generator', name, archive: id, size: bytes.length, runtime: 'wasm' })
    }
  }
  for (const action of plan.actions) {
    const writer = writers[action.player]
    writer?.write(payloadOf(action, plan, jam, writer.identity, named))
  }
  return { jam, entries: [...ada.entries, ...ben.entries], archives }
}

function payloadOf(action: Act, plan: Tune, jam: JamId, { id }: Identity, named: ReadonlyMap<string, BlobId>): Payload {
  const at = Math.round((plan.phraseBars + action.bar - 1) * TICKS_PER_BAR)
  if (action.do === 'end') return { type: 'jam', jam, action: 'end', at }
  if (action.do === 'tempo') return { type: 'jam', jam, action: 'tempo', tempo: action.tempo, bar: at / TICKS_PER_BAR }
  if (action.do === 'tag') return { type: 'tag', jam, at, on: 'bar', name: action.name, value: action.value }
  const { generator: name, as: instance = name } = action
  if (action.do === 'stop') return { type: 'stop', jam, at, on: 'bar', instance }
  if (action.do === 'param') {
    const over = action.over === undefined ? undefined : action.over * TICKS_PER_BAR
    const { name: what, value } = action
    return { type: 'param', jam, at, on: 'now', instance, name: what, value, ...(over !== undefined && { over }) }
  }
  const generator = generatorIdOf(id, name as Name)
  const { params } = action
  return { type: 'play', jam, at, on: 'bar', generator, archive: named.get(name), instance, ...(params && { params }) }
}
