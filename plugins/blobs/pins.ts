import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isBlobId, isEntryKey, isPlayerRef, playerOfRef } from '../../lib/base/index.ts'
import type { BlobId, JamId, PlayerId } from '../../lib/base/index.ts'
import type { Pin } from '../../lib/blobs/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { forkSaid, MAX_TAKE_LINE } from '../../lib/jam/index.ts'
import { readSaid } from '../../lib/players/index.ts'
import type { Store } from '../../lib/store/index.ts'

/** What is asked for which blobs must stay. */
export interface PinsInit {
  readonly store: Store
  /** Whether what a player's feed names stays. */
  readonly counts: (player: PlayerId) => boolean
  /** How a player is called. */
  readonly shown: (player: PlayerId) => string
  /** `<home>/takes`. */
  readonly takes: string
}

/** Payloads that name blobs of their own. */
const TYPES = ['generator', 'identification', 'image', 'collection'] as const

/**
 * Blobs that must stay, each with for whose sake, read from the indexes one entry at a time: what a tracked player's generator,
 * picture or collection names, every play in a jam one has joined, and what a take needs. FEEDS 5.
 */
export async function* pinsOf(init: PinsInit): AsyncIterable<Pin> {
  const { store, counts } = init
  for (const type of TYPES) {
    for await (const entry of store.byType(type)) if (counts(entry.identity)) yield* namedBy(init, entry)
  }
  for await (const jam of jamsOf(store)) {
    const why = `played in ${nameOf(jam)}`
    for await (const entry of store.byJam(jam)) {
      yield* playIn(entry, why)
      for (const { key, identity } of forkSaid(jam, entry)?.wanted() ?? []) {
        const carried = await store.get(key, 'feed', identity)
        if (carried) yield* playIn(carried, why)
      }
    }
  }
  yield* pinsOfTakes(init)
}

function* namedBy({ shown }: Pick<PinsInit, 'shown'>, entry: Entry): Iterable<Pin> {
  const whose = shown(entry.identity)
  const { read } = readSaid(entry)
  switch (read.kind) {
    case 'generator':
      yield { blob: read.payload.archive, why: `${read.payload.name} of ${whose}` }
      return
    case 'identification':
      if (isBlobId(read.payload.image)) yield { blob: read.payload.image, why: `picture of ${whose}` }
      return
    case 'image':
      yield { blob: read.payload.blob, why: `image of ${whose}` }
      return
    case 'collection':
      for (const { blob } of read.payload.blobs) yield { blob, why: `collection of ${whose}` }
  }
}

/** Blobs that an entry names. */
export function* namedIn(entry: Entry): Iterable<BlobId> {
  for (const { blob } of namedBy({ shown: () => '' }, entry)) yield blob
  for (const { blob } of playIn(entry, '')) yield blob
}

function* playIn(entry: Entry, why: string): Iterable<Pin> {
  const { read } = readSaid(entry)
  if (read.kind === 'play') yield { blob: read.payload.archive, why }
}

/** Jams that the node's player has started or joined. */
async function* jamsOf(store: Store): AsyncIterable<JamId> {
  for await (const entry of store.byType('jam', { identity: store.identity })) {
    const { read } = readSaid(entry)
    if (read.kind !== 'jam') continue
    if (read.payload.action === 'start' || read.payload.action === 'join') yield read.payload.jam
  }
}

/** `friday` of `<identity>:friday`. */
const nameOf = (jam: JamId): string => jam.slice(jam.lastIndexOf(':') + 1)

async function* pinsOfTakes({ store, takes }: PinsInit): AsyncIterable<Pin> {
  for (const entry of await readdir(takes, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.take')) continue
    const why = `take ${entry.name}`
    const lines = createInterface({ input: createReadStream(join(entry.parentPath, entry.name)) })
    for await (const line of lines) {
      const { key, blob, path, archive } = namesIn(line)
      for (const named of [blob, archive]) if (isBlobId(named)) yield { blob: named, why }
      const player = playerIn(path)
      // By its own player: anybody may publish anything as an `again` of a key.
      const play = isEntryKey(key) && player ? await store.get(key, 'anywhere', player) : undefined
      if (play) yield* playIn(play, why)
    }
  }
}

/** Whose an instance is, by how a take writes it. */
function playerIn(path: unknown): PlayerId | undefined {
  const [ref] = typeof path === 'string' ? path.split('/') : []
  return isPlayerRef(ref) ? playerOfRef(ref) : undefined
}

/** What a line of a take names; nothing where it cannot be read. */
function namesIn(line: string): { key?: unknown; blob?: unknown; path?: unknown; archive?: unknown } {
  if (line.length > MAX_TAKE_LINE || !/"(started|pcm|sketch)"/.test(line)) return {}
  try {
    const read: unknown = JSON.parse(line)
    return typeof read === 'object' && read !== null ? read : {}
  } catch {
    return {}
  }
}
