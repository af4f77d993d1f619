import { MarmaladeError, hasCode } from '../base/index.ts'
import type { Crypto, Micros, PlayerId } from '../base/index.ts'
import { dropNamed } from './named.ts'
import { loadWhole } from './drop.ts'
import type { FeedState, Feeds } from './feeds.ts'
import { BY_TYPE, CHUNK, HEAD, PLACE, chunkKey, chunksEnd, parseChunkKey, parseHead, rangeOf } from './layout.ts'
import { canCompact } from './level.ts'
import type { Write } from './level.ts'
import { Merge } from './merge.ts'
import { chunkOf, corrupt } from './read.ts'
import type { CompactOptions, Compacted } from './types.ts'

/** Chunks read in one turn of a feed, about, and rows written in one batch. */
const TURN = 512
const BATCH = 1_024
/** Kinds of rows between which giving back room can be broken off: the last byte is no row's first. */
const KINDS = [0, CHUNK, PLACE, BY_TYPE, 255] as const

interface Parts {
  readonly feeds: Feeds
  readonly crypto: Crypto
}

/**
 * Puts small chunks that follow on one another together, feed by feed, in many short turns; drops what may be dropped;
 * then has the database give back the room of what was deleted. A branch of which something cannot be read stays as it is
 * from there on, and is named when all others are done.
 * @throws MarmaladeError CANCELLED, STORE_WRITE, STORE_CORRUPT
 */
export async function compactStore(parts: Parts, options: CompactOptions): Promise<Compacted> {
  const { feeds } = parts
  const { db } = feeds
  const rows = rangeOf(HEAD)
  const heads = (await db.values(rows).all()).map(parseHead)
  const total = heads.reduce((sum, { count }) => sum + count, 0)
  let done = 0
  let before = 0
  let after = 0
  const damaged: PlayerId[] = []
  for (const { identity, count } of heads) {
    assertWanted(options.signal)
    const state = await feeds.inTurn(identity, async () => dropNamed(parts, await loadWhole(parts, identity)))
    for (const branch of state.branches.keys()) {
      const merged = await compactBranch(parts, state, branch, options.signal)
      before += merged.before
      after += merged.after
      if (merged.damaged) damaged.push(identity)
    }
    options.onProgress?.((done += count), total)
  }
  for (const [i, end] of KINDS.slice(1).entries()) {
    assertWanted(options.signal)
    if (canCompact(db)) await db.compactRange(Uint8Array.of(KINDS[i] ?? 0), Uint8Array.of(end))
  }
  if (damaged.length > 0) throw leftError(damaged)
  return { before, after }
}

const leftError = (damaged: readonly PlayerId[]): MarmaladeError => {
  const [first] = damaged
  const rest = damaged.length > 1 ? `, and ${damaged.length - 1} more,` : ''
  return corrupt(`all is compacted but for a branch of ${first}${rest} with entries that cannot be read`)
}

function assertWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new MarmaladeError('CANCELLED', 'the work was given up; what is done stays')
}

/** How many chunks there were, and are; `damaged` where they were gone through only up to one that cannot be read. */
async function compactBranch(
  parts: Parts,
  { identity, feed }: Pick<FeedState, 'identity' | 'feed'>,
  branch: number,
  signal: AbortSignal | undefined,
): Promise<Compacted & { readonly damaged: boolean }> {
  let before = 0
  let after = 0
  for (let from: Micros | undefined = 0; from !== undefined;) {
    assertWanted(signal)
    const turn: Turned | undefined = await compactTurn(parts, identity, { feed, branch, from }).catch(orCorrupt)
    if (!turn) return { before, after, damaged: true }
    before += turn.before
    after += turn.after
    from = turn.next
  }
  return { before, after, damaged: false }
}

function orCorrupt(error: unknown): undefined {
  if (!hasCode(error, 'STORE_CORRUPT')) throw error
}

/** What one turn did; `next` is after which chunk to go on. */
interface Turned extends Compacted {
  readonly next?: Micros
}

/** The chunks after `from` of a branch, as many as one turn takes. */
function compactTurn(
  { feeds, crypto }: Parts,
  identity: PlayerId,
  { feed, branch, from }: { readonly feed: number; readonly branch: number; readonly from: Micros },
): Promise<Turned> {
  return feeds.inTurn(identity, async () => {
    const merge = new Merge(crypto, feed, branch)
    let batch: Write[] = []
    let before = from
    let next: Micros | undefined
    for await (const [key, value] of feeds.db.iterator({
      gt: chunkKey(feed, branch, from),
      lte: chunksEnd(feed, branch),
    })) {
      const chunk = chunkOf(value)
      if (merge.before >= TURN && !merge.fits(chunk)) {
        next = before
        break
      }
      batch.push(...merge.take(chunk))
      before = parseChunkKey(key).last
      if (batch.length < BATCH) continue
      await feeds.writer.write(batch, 'quick')
      batch = []
    }
    batch.push(...merge.end())
    if (batch.length > 0) await feeds.writer.write(batch, 'quick')
    return { before: merge.before, after: merge.after, ...(next === undefined ? {} : { next }) }
  })
}
