import { readFileSync } from 'node:fs'
import { generateIdentity, type Identity } from '../../lib/keys/index.ts'
import type { Payload } from '../../lib/entry/index.ts'

/** The one who writes, the same in every run and for every system. */
export const author = (): Identity => generateIdentity(new Uint8Array(32).fill(7))

const AUTHOR = author().id
const JAM = `${AUTHOR}:first-light`
const ARCHIVE = `&${'A'.repeat(43)}=.sha256`
const WORDS =
  'the pad opens a little while the bass leaves room for the kick and somebody answers with four slow bells '

/** The nth payload of a feed as jams make them: a play with its parameters and a note about it by turns. */
export function payloadAt(n: number): Exclude<Payload, string> {
  const at = n * 960
  if (n % 2 === 1) return { type: 'public_note', jam: JAM, text: `${at}: ${WORDS.repeat(3).slice(n % 64, 240)}` }
  return {
    type: 'play',
    jam: JAM,
    at,
    on: 'bar',
    generator: `${AUTHOR}:drums`,
    archive: ARCHIVE,
    instance: `drums-${n}`,
    length: 15_360,
    params: { gain: -6, pan: (n % 21) / 20, kick: 1.2, hats: (n % 50) / 50 },
  }
}

/** Runs `work` for 0 to `count` - 1, so many at a time. */
export async function inFlight(count: number, atOnce: number, work: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** Records with four bytes of length before each, as views of one buffer. */
export function* readRecords(file: string): Generator<Uint8Array, void> {
  const all = readFileSync(file)
  for (let at = 0; at < all.length;) {
    const start = at + 4
    at = start + all.readUInt32LE(at)
    yield new Uint8Array(all.buffer, all.byteOffset + start, at - start)
  }
}
