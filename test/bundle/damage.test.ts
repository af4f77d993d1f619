import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { MarmaladeError, hex, rawId, refOf } from '../../lib/base/index.ts'
import { importBundle } from '../../lib/bundle/index.ts'
import { NOTHING, changed, contentOf, emptyHome, exportedJam, flipped } from '../helpers/bundles.ts'
import type { OpenHome } from '../helpers/bundles.ts'
import { codeOf, failureOf, Teardown } from '../helpers/hosts.ts'

/** Where the bytes of something begin in a bundle. */
function startOf(bytes: Buffer, path: string): number {
  const header = bytes.indexOf(path)
  if (header < 0) throw new Error(`no ${path} in the bundle`)
  return header + 512
}
/** Where the raw entries of a feed begin, with their lengths. */
function entriesAt(bytes: Buffer, start: number): { at: number; length: number }[] {
  const entries: { at: number; length: number }[] = []
  for (let at = start; bytes.readUInt32BE(at) > 0; at += 4 + bytes.readUInt32BE(at))
    entries.push({ at: at + 4, length: bytes.readUInt32BE(at) })
  return entries
}
const importInto = ({ store, blobs }: OpenHome, file: string) => importBundle({ file, store, blobs })

test('a byte turned in a blob is refused by its name, and nothing of the bundle is kept', async (t) => {
  const down = new Teardown()
  const { file, folder, archives } = await exportedJam(down)
  const cy = await emptyHome(down, 'cy')
  const broken = changed(file, join(folder, 'broken.jam'), (bytes) =>
    flipped(bytes, startOf(bytes, `blobs/${hex(rawId(archives.drums))}`) + 66_000),
  )
  const error = (await failureOf(importInto(cy, broken))) as Error & { code: string }
  t.equal(error.code, 'BLOB_HASH_MISMATCH', error.message)
  t.ok(error.message.includes(archives.drums), 'it names the blob')
  t.deepEqual(await contentOf(cy), NOTHING)
  await down.run()
})

test('a byte turned in an entry is refused by its player and number, wherever it stands', async (t) => {
  const down = new Teardown()
  const { file, folder, ada } = await exportedJam(down, { notes: 600 })
  const cy = await emptyHome(down, 'cy')
  const whole = readFileSync(file)
  const entries = entriesAt(whole, startOf(whole, `feeds/${refOf(ada.identity.id)}`))
  t.equal(entries.length, (await ada.store.head(ada.identity.id))?.count)
  for (const number of [1, 2, 255, 256, 257, 512, entries.length - 1, entries.length]) {
    const { at, length } = entries[number - 1]!
    // In its payload, in its signature.
    for (const offset of [at + length - 70, at + length - 10]) {
      const broken = changed(file, join(folder, 'broken.jam'), (bytes) => flipped(bytes, offset))
      const error = (await failureOf(importInto(cy, broken))) as Error & { code: string }
      t.ok(error.message.includes(`entry ${number} of ${ada.identity.id}`), `${error.code}: ${error.message}`)
      t.match(error.code, /^ENTRY_/)
    }
  }
  t.deepEqual(await contentOf(cy), NOTHING)
  await down.run()
})

test('no byte of a bundle can be turned unnoticed', async (t) => {
  const down = new Teardown()
  const { file, folder } = await exportedJam(down)
  const cy = await emptyHome(down, 'cy')
  const { length } = readFileSync(file)
  const codes = new Map<string, number>()
  // Every byte of the first two records and of the last three, then at steps that share no factor with 512.
  const offsets = [...Array(1024).keys(), ...Array.from({ length: 1536 }, (_, n) => length - 1 - n)]
  for (let at = 1024; at < length - 1536; at += 127) offsets.push(at)
  for (const at of offsets) {
    const broken = changed(file, join(folder, 'broken.jam'), (bytes) => flipped(bytes, at))
    const code = await importInto(cy, broken).then(
      () => `taken with byte ${at} turned`,
      (error: unknown) => (error instanceof MarmaladeError ? error.code : `no code with byte ${at} turned`),
    )
    codes.set(code, (codes.get(code) ?? 0) + 1)
  }
  const strange = [...codes.keys()].filter((code) => !/^(BUNDLE|ENTRY|FEED|BLOB|JAM)_[A-Z_]+$/.test(code))
  t.deepEqual(strange, [], `${offsets.length} offsets: ${JSON.stringify(Object.fromEntries(codes))}`)
  for (const code of ['BUNDLE_FOREIGN', 'BUNDLE_MANIFEST', 'BUNDLE_LAYOUT', 'BLOB_HASH_MISMATCH'])
    t.ok(codes.has(code), code)
  t.deepEqual(await contentOf(cy), NOTHING, 'and nothing of any is kept')
  await down.run()
})

test('a bundle that was cut off anywhere, or that goes on after its end, is refused', async (t) => {
  const down = new Teardown()
  const { file, folder } = await exportedJam(down)
  const cy = await emptyHome(down, 'cy')
  const { length } = readFileSync(file)
  const offsets = [
    0,
    1,
    13,
    14,
    100,
    511,
    512,
    513,
    length - 1,
    length - 512,
    length - 1023,
    length - 1024,
    length - 1025,
  ]
  for (let at = 512; at < length; at += 997) offsets.push(at)
  const codes = new Set<unknown>()
  for (const at of offsets) {
    const cut = changed(file, join(folder, 'cut.jam'), (bytes) => bytes.subarray(0, at))
    codes.add(await codeOf(importInto(cy, cut)))
  }
  t.deepEqual([...codes], ['BUNDLE_TRUNCATED'], `cut at ${offsets.length} offsets`)
  for (const more of [Buffer.alloc(1), Buffer.alloc(512), Buffer.from('x'), readFileSync(file)]) {
    const long = changed(file, join(folder, 'long.jam'), (bytes) => Buffer.concat([bytes, more]))
    t.equal(await codeOf(importInto(cy, long)), 'BUNDLE_LAYOUT', `${more.length} bytes after its end`)
  }
  t.deepEqual(await contentOf(cy), NOTHING)
  await down.run()
})
