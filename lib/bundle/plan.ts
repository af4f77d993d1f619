import { MarmaladeError, compareBytes, ownedParts, rawId } from '../base/index.ts'
import type { BlobId, JamId, PlayerId } from '../base/index.ts'
import type { BlobStore } from '../blobs/index.ts'
import { verifyEntry } from '../entry/index.ts'
import type { Entry } from '../entry/index.ts'
import { buildScore } from '../jam/index.ts'
import type { Score } from '../jam/index.ts'
import { nodeCrypto } from '../keys/index.ts'
import type { Head, Store } from '../store/index.ts'
import { hashOfScore } from './check.ts'
import { JamCollector, blobsNamed } from './collect.ts'
import { feedUpTo } from './feed.ts'
import { LENGTH_BYTES } from './layout.ts'
import { MAX_BUNDLE_ITEMS, versionOf } from './types.ts'
import type { BundleBlob, BundleOptions, BundleWhat, Exported, Manifest } from './types.ts'

const MAX_LISTED = 100
/** Entries between two reports. */
const REPORT_EVERY = 256

export interface PlanParts extends BundleOptions {
  readonly store: Store
  readonly blobs: BlobStore
  /** How a player is called, for errors. */
  readonly shown?: (player: PlayerId) => string
}

/** What is going to be written, known to the byte before anything is. */
export interface Plan {
  readonly manifest: Manifest
  /** Bytes of each feed with the lengths before its entries, in the order of the heads. */
  readonly sizes: readonly number[]
  readonly said: Pick<Exported, 'entries' | 'others' | 'unverified' | 'absent' | 'lacking'>
}

/** A feed that goes along. */
interface Taken {
  readonly head: Head
  readonly size: number
}

/** Reads feeds from end to end, once each. */
class Reading {
  readonly taken: Taken[] = []
  readonly absent: PlayerId[] = []
  unverified = 0
  entries = 0
  readonly #parts: PlanParts
  readonly #each: (entry: Entry) => void
  readonly #most: number
  #total = 0

  constructor(parts: PlanParts, what: BundleWhat, each: (entry: Entry) => void) {
    this.#parts = parts
    this.#each = each
    this.#most = MAX_BUNDLE_ITEMS[versionOf(what)]
  }

  /** @throws MarmaladeError BUNDLE_CHANGED, BUNDLE_TOO_LARGE, CANCELLED */
  async read(player: PlayerId): Promise<void> {
    const head = await this.#parts.store.head(player)
    if (!head) return void this.absent.push(player)
    if (this.taken.length >= this.#most)
      throw new MarmaladeError('BUNDLE_TOO_LARGE', `such a bundle holds the feeds of at most ${this.#most} players`)
    this.#total += head.count
    let size = 0
    for await (const entry of feedUpTo(this.#parts.store, head, this.#parts.signal)) {
      if (!verifyEntry(entry, nodeCrypto)) this.unverified++
      size += LENGTH_BYTES + entry.bytes.length
      this.#each(entry)
      if (++this.entries % REPORT_EVERY === 0) await this.report()
    }
    await this.report()
    this.taken.push({ head, size })
  }

  async report(): Promise<void> {
    await this.#parts.onProgress?.({ stage: 'reading', done: this.entries, total: this.#total })
  }
}

/**
 * A jam: the whole feed of everyone who was ever admitted, or whose entries it begins with, and the archives that plays which count name.
 * @throws MarmaladeError JAM_UNKNOWN, FORK_INCOMPLETE; GENERATOR_MISSING naming archive and publisher; BUNDLE_CHANGED,
 * BUNDLE_TOO_LARGE, JAM_TOO_LARGE, CANCELLED
 */
export async function planJam(parts: PlanParts, jam: JamId): Promise<Plan> {
  const collector = new JamCollector(jam)
  const reading = new Reading(parts, { jam }, (entry) => collector.take(entry))
  const met = new Set<PlayerId>()
  // The starter's feed names members, theirs may name more.
  for (;;) {
    const next = [ownedParts(jam).owner, ...collector.players].find((player) => !met.has(player))
    if (next === undefined) break
    met.add(next)
    await reading.read(next)
  }
  for (const { identity, key } of collector.fork?.wanted() ?? []) {
    const carried = await parts.store.get(key, 'feed', identity)
    if (carried) collector.carry(carried)
  }
  const score = buildScore(jam, collector.entries)
  const lacking = score.problems.find(({ code }) => code === 'FORK_INCOMPLETE')
  if (lacking) throw new MarmaladeError(lacking.code, lacking.message)
  const archives = new Set(score.archives.map(({ archive }) => archive))
  const others = reading.entries - collector.countWith(archives)
  const what = { what: { jam }, score: hashOfScore(score), others, lacking: [] }
  return planOf(reading, await archivesOf(parts, score), what)
}

/** @throws MarmaladeError GENERATOR_MISSING */
async function archivesOf({ blobs, shown = (player) => player }: PlanParts, score: Score): Promise<BundleBlob[]> {
  const found = new Map<BlobId, BundleBlob>()
  for (const { archive, publisher, generator } of score.archives) {
    const size = await blobs.size(archive)
    if (size === undefined) {
      const message = `the archive ${archive} of ${generator} by ${shown(publisher)} is not here: \`generator fetch\` it, then export`
      throw new MarmaladeError('GENERATOR_MISSING', message)
    }
    found.set(archive, { id: archive, size })
  }
  return [...found.values()]
}

/**
 * One player: the whole feed, and of the archives and pictures that it names those that are here.
 * @throws MarmaladeError BUNDLE_EMPTY where no entry of it is here; BUNDLE_CHANGED, BUNDLE_TOO_LARGE, CANCELLED
 */
export async function planPlayer(parts: PlanParts, player: PlayerId): Promise<Plan> {
  const named = new Set<BlobId>()
  const reading = new Reading(parts, { player }, (entry) => {
    if (named.size <= MAX_BUNDLE_ITEMS[1]) for (const blob of blobsNamed(entry)) named.add(blob)
  })
  await reading.read(player)
  if (reading.taken.length === 0)
    throw new MarmaladeError('BUNDLE_EMPTY', `no entry of ${player} is here: follow it first`)
  const here: BundleBlob[] = []
  const lacking: BlobId[] = []
  for (const id of named) {
    const size = await parts.blobs.size(id)
    if (size === undefined) lacking.push(id)
    else here.push({ id, size })
  }
  return planOf(reading, here, { what: { player }, others: 0, lacking: lacking.slice(0, MAX_LISTED) })
}

/**
 * All that is here: every feed, and every blob.
 * @throws MarmaladeError BUNDLE_EMPTY where no entry is here; BUNDLE_CHANGED, BUNDLE_TOO_LARGE, CANCELLED
 */
export async function planAll(parts: PlanParts): Promise<Plan> {
  const what = { all: true } as const
  const most = MAX_BUNDLE_ITEMS[versionOf(what)]
  const players: PlayerId[] = []
  for await (const { identity } of parts.store.heads()) {
    if (players.push(identity) > most) break
  }
  const reading = new Reading(parts, what, () => undefined)
  for (const player of players) await reading.read(player)
  if (reading.taken.length === 0)
    throw new MarmaladeError('BUNDLE_EMPTY', 'no entry is here: there is nothing to export')
  const blobs: BundleBlob[] = []
  for await (const { id, size } of parts.blobs.list()) {
    if (blobs.push({ id, size }) > most) break
  }
  return planOf(reading, blobs, { what, others: 0, lacking: [] })
}

type Subject = Pick<Manifest, 'what' | 'score'> & Pick<Exported, 'others' | 'lacking'>

function planOf(reading: Reading, blobs: readonly BundleBlob[], { what, score, others, lacking }: Subject): Plan {
  const { taken, entries, unverified, absent } = reading
  const sorted = taken.toSorted((a, b) => compareBytes(rawId(a.head.identity), rawId(b.head.identity)))
  const heads = sorted.map(({ head }) => head)
  const manifest = {
    what,
    heads,
    blobs: blobs.toSorted((a, b) => compareBytes(rawId(a.id), rawId(b.id))),
    ...(score !== undefined && { score }),
  }
  const said = { entries, others, unverified, absent: absent.slice(0, MAX_LISTED), lacking }
  return { manifest, sizes: sorted.map(({ size }) => size), said }
}
