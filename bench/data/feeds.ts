/** Feeds by many authors in one file, as gossip would hand them over. */
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { EntryKey } from '../../lib/base/index.ts'
import { signEntry } from '../../lib/entry/index.ts'
import { generateIdentity, type Identity, nodeCrypto } from '../../lib/keys/index.ts'
import type { Head, Store } from '../../lib/store/index.ts'
import { author, payloadAt } from './jam-entries.ts'

/** Three frames of gossip, as lib/gossip/intake takes them in together. */
const RUN_BYTES = 3 * 65_536
const PIECE_BYTES = 4 * 1_048_576
const START_MICROS = 1_700_000_000_000_000
const LENGTH_BYTES = 4

/** One feed of a set, and where its records lie in the set's file. */
export interface FeedInSet extends Head {
  readonly at: number
  readonly bytes: number
}

/** The nth author: the first is the one who writes elsewhere too. */
export const authorAt = (n: number): Identity =>
  n === 0 ? author() : generateIdentity(nodeCrypto.sha256(Buffer.from(`author ${n}`)))

/** Signs so many feeds of so many entries, from some author on, and writes them with what leads to them into a folder. */
export function writeFeeds(folder: string, feeds: number, each: number, first = 0): readonly FeedInSet[] {
  const descriptor = openSync(join(folder, 'entries'), 'w')
  const set: FeedInSet[] = []
  let at = 0
  for (let n = first; n < first + feeds; n++) {
    const feed = writeFeed(descriptor, authorAt(n), each)
    set.push({ ...feed, at })
    at += feed.bytes
  }
  closeSync(descriptor)
  writeFileSync(join(folder, 'feeds.json'), JSON.stringify(set))
  return set
}

function writeFeed(descriptor: number, { id, signer }: Identity, count: number): Omit<FeedInSet, 'at'> {
  let parent: EntryKey | null = null
  let bytes = 0
  let comparable = START_MICROS
  let pieces: Uint8Array[] = []
  for (let n = 0; n < count; n++) {
    comparable = START_MICROS + n * 1_000
    const entry = signEntry(
      { identity: id, parent, comparable, synod: null, payload: payloadAt(n) },
      signer,
      nodeCrypto,
    )
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32LE(entry.bytes.length)
    pieces.push(length, entry.bytes)
    parent = entry.key
    bytes += LENGTH_BYTES + entry.bytes.length
    if (pieces.length < 512 && n < count - 1) continue
    writeSync(descriptor, Buffer.concat(pieces))
    pieces = []
  }
  if (parent === null) throw new Error('a feed has an entry')
  return { identity: id, key: parent, comparable, count, bytes }
}

export const readFeeds = (folder: string): readonly FeedInSet[] =>
  JSON.parse(readFileSync(join(folder, 'feeds.json'), 'utf8')) as FeedInSet[]

/** The runs of one feed, each at most a frame of gossip, read piece by piece. */
export function* runsOf(folder: string, { at, bytes }: FeedInSet): Generator<Uint8Array[], void> {
  const descriptor = openSync(join(folder, 'entries'), 'r')
  try {
    let run: Uint8Array[] = []
    let held = 0
    let rest: Uint8Array = new Uint8Array()
    for (let done = 0; done < bytes;) {
      const size = Math.min(PIECE_BYTES, bytes - done)
      const piece = Buffer.alloc(rest.length + size)
      piece.set(rest)
      readSync(descriptor, piece, rest.length, size, at + done)
      done += size
      const { records, left } = cut(piece)
      rest = left
      for (const record of records) {
        if (held + record.length > RUN_BYTES) {
          yield run
          run = []
          held = 0
        }
        run.push(record)
        held += record.length
      }
    }
    yield run
  } finally {
    closeSync(descriptor)
  }
}

/** Whole records of a piece, as views of it, and what is left of the one that breaks off. */
function cut(piece: Buffer): { records: Uint8Array[]; left: Uint8Array } {
  const records: Uint8Array[] = []
  let at = 0
  while (at + LENGTH_BYTES <= piece.length) {
    const end = at + LENGTH_BYTES + piece.readUInt32LE(at)
    if (end > piece.length) break
    records.push(new Uint8Array(piece.buffer, piece.byteOffset + at + LENGTH_BYTES, end - at - LENGTH_BYTES))
    at = end
  }
  return { records, left: piece.subarray(at) }
}

/** Takes in feeds, several at the same time, the runs of each one after another, as gossip hands them over. */
export async function ingestFeeds(store: Store, folder: string, atOnce = 4): Promise<void> {
  const feeds = [...readFeeds(folder)]
  const worker = async (): Promise<void> => {
    for (let feed = feeds.shift(); feed; feed = feeds.shift()) {
      const announced = { key: feed.key, comparable: feed.comparable }
      for (const run of runsOf(folder, feed)) {
        const { kind } = await store.ingest(feed.identity, run, announced)
        if (kind !== 'adopted') throw new Error(`a run was ${kind}`)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
