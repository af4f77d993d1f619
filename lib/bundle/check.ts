import { createHash } from 'node:crypto'
import { MarmaladeError, blobIdOf, hex } from '../base/index.ts'
import { parseRun } from '../feed/index.ts'
import { buildScore, scoreHash } from '../jam/index.ts'
import type { JamEntry, Score } from '../jam/index.ts'
import { nodeCrypto } from '../keys/index.ts'
import { JamCollector } from './collect.ts'
import { FeedCheck, assertWanted } from './feed.ts'
import type { Bundle } from './read.ts'
import type { BundleBlob, BundleOptions, Manifest } from './types.ts'

/** What a bundle of a jam holds of it; no entries for another. */
export interface CheckedBundle {
  /** Entries of all feeds whose own signature does not verify: later ones commit to them, and they do not count. */
  readonly unverified: number
  /** What the score was built from: each checked by its own signature. */
  readonly entries: readonly JamEntry[]
  readonly score?: Score
}

/**
 * Reads a bundle from end to end: every feed is a chain of authentic entries that leads to its head, every blob has
 * the hash that it is named by, and a jam makes the score that it is said to make and has the archives that this needs.
 * Nothing is written anywhere.
 * @throws MarmaladeError any code of an entry or a feed, naming the entry; BLOB_HASH_MISMATCH naming the blob;
 * BUNDLE_FEED, BUNDLE_SCORE, BUNDLE_INCOMPLETE, JAM_UNKNOWN, JAM_TOO_LARGE, CANCELLED
 */
export async function checkBundle(bundle: Bundle, options: BundleOptions = {}): Promise<CheckedBundle> {
  const { what, heads, blobs } = bundle.manifest
  const collector = 'jam' in what ? new JamCollector(what.jam) : undefined
  let done = 0
  let unverified = 0
  const report = async (bytes: number): Promise<void> => {
    assertWanted(options.signal)
    done += bytes
    await options.onProgress?.({ stage: 'checking', done, total: bundle.size })
  }
  for (const head of heads) {
    const check = new FeedCheck(head)
    for await (const run of bundle.runs(head)) {
      for (const entry of check.take(run)) collector?.take(entry)
      await report(run.reduce((sum, { length }) => sum + length, 0))
    }
    check.finish()
    unverified += check.unverified
  }
  for (const blob of blobs) await checkBlob(bundle, blob, report)
  if (!collector || !('jam' in what)) return { unverified, entries: [] }
  await readCarried(bundle, collector)
  const score = buildScore(what.jam, collector.entries)
  checkScore(score, bundle.manifest)
  return { unverified, entries: collector.entries, score }
}

/** What a fork begins with, from feeds that have been checked. */
async function readCarried(bundle: Bundle, collector: JamCollector): Promise<void> {
  const players = collector.fork?.players
  for (const head of bundle.manifest.heads.filter(({ identity }) => players?.has(identity))) {
    for await (const run of bundle.runs(head))
      for (const entry of parseRun(head.identity, run, nodeCrypto).entries) collector.carry(entry)
  }
}

async function checkBlob(bundle: Bundle, { id }: BundleBlob, report: (bytes: number) => Promise<void>): Promise<void> {
  const hash = createHash('sha256')
  for await (const bytes of bundle.blob(id)) {
    hash.update(bytes)
    await report(bytes.length)
  }
  const found = blobIdOf(hash.digest())
  if (found === id) return
  const message = `the blob ${id} is damaged in the bundle (${found}): nothing of the bundle was kept; copy it again`
  throw new MarmaladeError('BLOB_HASH_MISMATCH', message)
}

function checkScore(score: Score, manifest: Manifest): void {
  const found = hashOfScore(score)
  if (found !== manifest.score) {
    const message = `its entries make the score ${found}, its manifest says ${manifest.score ?? ''}: export it again`
    throw new MarmaladeError('BUNDLE_SCORE', message)
  }
  const held = new Set(manifest.blobs.map(({ id }) => id))
  const lacking = score.archives.find(({ archive }) => !held.has(archive))
  if (!lacking) return
  const { archive, generator, publisher } = lacking
  const message = `the bundle lacks ${archive}, the archive of ${generator} by ${publisher}: export it again`
  throw new MarmaladeError('BUNDLE_INCOMPLETE', message)
}

/** In hex. */
export const hashOfScore = (score: Score): string => hex(scoreHash(score, (bytes) => nodeCrypto.sha256(bytes)))
