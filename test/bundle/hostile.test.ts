import {
  mkdirSync,
  openSync,
  closeSync,
  ftruncateSync,
  readFileSync,
  readdirSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { blobIdOf, concat, hex, refOf, utf8 } from '../../lib/base/index.ts'
import type { BlobId, PlayerId } from '../../lib/base/index.ts'
import { MAX_BUNDLE_ITEMS, importBundle } from '../../lib/bundle/index.ts'
import { tarHeader } from '../../lib/generators/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { NOTHING, contentOf, emptyHome, exportedJam } from '../helpers/bundles.ts'
import type { OpenHome } from '../helpers/bundles.ts'
import { chain, identityNamed, rawOf, spoil } from '../helpers/chains.ts'
import { codeOf, Teardown } from '../helpers/hosts.ts'

interface Item {
  readonly path: string
  readonly bytes: Uint8Array
  /** What the header says instead. */
  readonly size?: number
}
interface Manifest {
  format: unknown
  version: unknown
  what: unknown
  heads: { identity: PlayerId; comparable: number; key: string; count: number }[]
  blobs: { id: BlobId; size: number }[]
  score?: string
}

/** A tar as a bundle has it, of whatever is asked for. */
function tarOf(items: readonly Item[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { path, bytes, size = bytes.length } of items) {
    const header = tarHeader(path, size)
    if (!header) throw new Error(`no header for ${path}`)
    parts.push(header, bytes, new Uint8Array(Math.ceil(bytes.length / 512) * 512 - bytes.length))
  }
  return concat([...parts, new Uint8Array(1024)])
}

/** What is in a bundle, to be put together otherwise. */
function itemsIn(file: string): Item[] {
  const bytes = new Uint8Array(readFileSync(file))
  const items: Item[] = []
  for (let at = 0; bytes[at] !== 0;) {
    const path = Buffer.from(bytes.subarray(at, at + 100))
      .toString()
      .replace(/\0+$/, '')
    const size = parseInt(Buffer.from(bytes.subarray(at + 124, at + 135)).toString(), 8)
    items.push({ path, bytes: bytes.slice(at + 512, at + 512 + size) })
    at += 512 + Math.ceil(size / 512) * 512
  }
  return items
}
const framed = (entries: readonly Uint8Array[]): Uint8Array =>
  concat(
    entries.flatMap((bytes) => {
      const length = new Uint8Array(4)
      new DataView(length.buffer).setUint32(0, bytes.length)
      return [length, bytes]
    }),
  )

/** A bundle whose parts can be changed, and an empty home that refuses it. */
async function workshop(down: Teardown) {
  const made = await exportedJam(down)
  const cy: OpenHome = await emptyHome(down, 'cy')
  const [first, ...rest] = itemsIn(made.file)
  const text = Buffer.from(first!.bytes).toString()
  const path = join(made.folder, 'hostile.jam')
  const refused = async (bytes: Uint8Array): Promise<unknown> => {
    writeFileSync(path, bytes)
    return codeOf(importBundle({ file: path, store: cy.store, blobs: cy.blobs }))
  }
  return {
    ...made,
    cy,
    rest,
    path,
    refused,
    /** With the manifest as text. */
    withText: (manifest: string, items: readonly Item[] = rest) =>
      refused(tarOf([{ path: 'manifest.json', bytes: utf8(manifest) }, ...items])),
    /** With the manifest's fields changed. */
    with: (change: (manifest: Manifest) => void, items: readonly Item[] = rest) => {
      const manifest = JSON.parse(text) as Manifest
      change(manifest)
      return refused(tarOf([{ path: 'manifest.json', bytes: utf8(JSON.stringify(manifest)) }, ...items]))
    },
    text,
  }
}

test('names in a bundle lead nowhere: only the expected ones, in their order, are taken', async (t) => {
  const down = new Teardown()
  const { cy, rest, with: withManifest, folder } = await workshop(down)
  const [feed, other, ...blobs] = rest as [Item, Item, ...Item[]]
  const as = (path: string) => withManifest(() => undefined, [{ ...feed, path }, other, ...blobs])
  for (const path of [
    '../../../../tmp/evil',
    '/etc/passwd',
    'feeds/../../evil',
    `feeds/${'A'.repeat(43)}`,
    `./${feed.path}`,
    `${feed.path}/`,
    feed.path.toUpperCase(),
    'manifest.json',
    blobs[0]!.path,
  ])
    t.equal(await as(path), 'BUNDLE_LAYOUT', path)
  t.equal(await withManifest(() => undefined, [other, feed, ...blobs]), 'BUNDLE_LAYOUT', 'in another order')
  t.equal(await withManifest(() => undefined, [feed, ...blobs]), 'BUNDLE_LAYOUT', 'one left out')
  t.equal(await withManifest(() => undefined, [feed, feed, other, ...blobs]), 'BUNDLE_LAYOUT', 'one twice')
  const stray = { path: 'stray', bytes: utf8('x') }
  t.equal(await withManifest(() => undefined, [...rest, stray]), 'BUNDLE_LAYOUT', 'one more')
  t.deepEqual(await contentOf(cy), NOTHING)
  t.deepEqual(readdirSync(folder).sort(), ['friday.jam', 'hostile.jam'])
  await down.run()
})

test('links, long names and other headers than those of a bundle are refused unread', async (t) => {
  const down = new Teardown()
  const { refused, rest, text } = await workshop(down)
  const whole = tarOf([{ path: 'manifest.json', bytes: utf8(text) }, ...rest])
  const second = 512 + Math.ceil(text.length / 512) * 512
  const sum = (header: Uint8Array): void => {
    header.fill(0x20, 148, 156)
    const total = header.reduce((all, byte) => all + byte, 0)
    header.set(utf8(`${total.toString(8).padStart(6, '0')}\0 `), 148)
  }
  for (const [what, at, bytes] of [
    ['a symbolic link', 156, '2'],
    ['a folder', 156, '5'],
    ['a pax header', 156, 'x'],
    ['a GNU long name', 156, 'L'],
    ['another owner', 108, '0000001'],
    ['another mode', 100, '0000777'],
    ['a prefix', 345, '..'],
  ] as const) {
    for (const [where, code] of [
      [0, 'BUNDLE_FOREIGN'],
      [second, 'BUNDLE_LAYOUT'],
    ] as const) {
      const changed = whole.slice()
      changed.set(utf8(bytes), where + at)
      sum(changed.subarray(where, where + 512))
      t.equal(await refused(changed), code, `${what} at ${where}`)
    }
  }
  await down.run()
})

test('huge declared sizes cost nothing', async (t) => {
  const down = new Teardown()
  const { refused, rest, text, path, cy, with: withManifest } = await workshop(down)
  const [feed, ...others] = rest as [Item, ...Item[]]
  const manifest = { path: 'manifest.json', bytes: utf8(text) }
  const huge = 0o77777777777
  t.equal(await refused(tarOf([{ ...manifest, size: huge }, ...rest])), 'BUNDLE_TOO_LARGE', 'a manifest of 8 GiB')
  t.equal(await refused(tarOf([manifest, { ...feed, size: huge }, ...others])), 'BUNDLE_LAYOUT', 'a feed of 8 GiB')
  const code = await withManifest((it) => (it.heads[0]!.count = 2 ** 20), [{ ...feed, size: huge }, ...others])
  t.equal(code, 'BUNDLE_TRUNCATED', 'a feed of 8 GiB that its manifest announces')
  t.equal(await withManifest((it) => (it.blobs[0]!.size = huge)), 'BUNDLE_LAYOUT', 'a blob of 8 GiB')
  t.equal(await withManifest((it) => (it.blobs[0]!.size = 2 ** 40)), 'BUNDLE_MANIFEST', 'a blob of 1 TiB')

  // A file of 4 GiB that takes no room: what it announces is there, and is nothing.
  const announced = JSON.parse(text) as Manifest
  announced.heads = [{ ...announced.heads[0]!, count: 400_000 }]
  announced.blobs = []
  const size = 4 * 1024 ** 3
  const headers = tarOf([
    { path: 'manifest.json', bytes: utf8(JSON.stringify(announced)) },
    { path: feed.path, bytes: new Uint8Array(0), size },
  ])
  const file = openSync(path, 'w')
  writeSync(file, headers.subarray(0, headers.length - 1024))
  ftruncateSync(file, headers.length + size)
  closeSync(file)
  t.equal(await codeOf(importBundle({ file: path, ...cy })), 'BUNDLE_FEED', 'entries of no length')
  const small = await emptyHome(down, 'small', 60_000)
  const { file: good } = await exportedJam(down)
  t.equal(await codeOf(importBundle({ file: good, ...small })), 'BLOB_TOO_LARGE', 'more than this home takes')
  t.deepEqual(await contentOf(small), NOTHING)
  await down.run()
})

test('manifests: another version, another program, and shapes that are wrong', async (t) => {
  const down = new Teardown()
  const { with: withManifest, withText, text, refused, path, cy, folder } = await workshop(down)
  t.equal(await withManifest((it) => (it.version = 3)), 'BUNDLE_VERSION')
  t.equal(await withManifest((it) => (it.version = 2)), 'BUNDLE_MANIFEST', 'a jam as version 2')
  t.equal(await withManifest((it) => (it.what = { all: true })), 'BUNDLE_MANIFEST', 'all as version 1')
  t.equal(await withManifest((it) => (it.format = 'other')), 'BUNDLE_FOREIGN')
  t.equal(await withText('{'), 'BUNDLE_FOREIGN', 'no JSON')
  t.equal(await withText('[]'), 'BUNDLE_FOREIGN')
  t.equal(await refused(utf8('something else altogether')), 'BUNDLE_FOREIGN')
  t.equal(await refused(tarOf([{ path: 'README', bytes: utf8('x') }])), 'BUNDLE_FOREIGN', 'any tar')
  const wrong: [string, (it: Manifest) => void][] = [
    ['no heads', (it) => (it.heads = [])],
    ['heads in another order', (it) => it.heads.reverse()],
    ['one head twice', (it) => (it.heads = [it.heads[0]!, it.heads[0]!])],
    ['no identity', (it) => (it.heads[0]!.identity = '@x' as PlayerId)],
    ['half an entry', (it) => (it.heads[0]!.count = 1.5)],
    ['too many blobs', (it) => (it.blobs = manyBlobs(MAX_BUNDLE_ITEMS[1] + 1))],
    ['a jam without its score', (it) => delete it.score],
    ['a name that is none', (it) => (it.what = { jam: '../x' })],
    ['a key more', (it) => Object.assign(it, { more: 1 })],
  ]
  for (const [what, change] of wrong) t.equal(await withManifest(change), 'BUNDLE_MANIFEST', what)
  t.equal(await withText(` ${text}`), 'BUNDLE_MANIFEST', 'written with space')
  t.equal(await withText(text.replace('"version":1', '"version":1,"version":1')), 'BUNDLE_MANIFEST', 'a key twice')
  t.equal(await withText(`{${'"x":1,'.repeat(700_000)}"y":1}`), 'BUNDLE_TOO_LARGE', 'more than 4 MiB')
  mkdirSync(join(folder, 'folder.jam'))
  t.equal(await codeOf(importBundle({ file: join(folder, 'folder.jam'), ...cy })), 'BUNDLE_UNREADABLE', 'a folder')
  t.equal(await codeOf(importBundle({ file: `${path}.absent`, ...cy })), 'BUNDLE_UNREADABLE', 'no file')
  t.deepEqual(await contentOf(cy), NOTHING)
  await down.run()
})

/** So many blobs of a byte each, in order. */
const manyBlobs = (count: number): Manifest['blobs'] =>
  Array.from({ length: count }, (_, at) => hex(nodeCrypto.sha256(utf8(String(at)))))
    .sort()
    .map((hash) => ({ id: blobIdOf(Buffer.from(hash, 'hex')), size: 1 }))

test('feeds that are not what the manifest names', async (t) => {
  const down = new Teardown()
  const { with: withManifest, rest, cy } = await workshop(down)
  const dan = identityNamed('dan')
  const entries = chain(dan, 4, null)
  const head = { identity: dan.id, comparable: entries[3]!.comparable, key: entries[3]!.key, count: 4 }
  const feed = (raw: readonly Uint8Array[], change: Partial<typeof head> = {}) =>
    withManifest(
      (it) => {
        it.what = { player: dan.id }
        it.heads = [{ ...head, ...change }]
        it.blobs = []
        delete it.score
      },
      [{ path: `feeds/${refOf(dan.id)}`, bytes: framed(raw) }],
    )
  const raw = rawOf(entries)
  t.equal(await feed(raw.slice(0, 3)), 'BUNDLE_FEED', 'fewer entries than it says')
  t.equal(await feed(raw, { count: 3 }), 'BUNDLE_FEED', 'more entries than it says')
  t.equal(await feed(raw, { comparable: head.comparable + 1 }), 'BUNDLE_FEED', 'another comparable')
  t.equal(await feed(raw, { key: entries[2]!.key }), 'BUNDLE_FEED', 'another head')
  t.equal(await feed([...raw.slice(0, 3), new Uint8Array(40)]), 'BUNDLE_FEED', 'an entry that is too short')
  t.equal(await feed([raw[0]!, raw[2]!, raw[1]!, raw[3]!]), 'FEED_PARENT', 'in another order')
  t.equal(await feed(raw.slice(1), { count: 3 }), 'FEED_PARENT', 'without its beginning')
  t.equal(await feed(rawOf(chain(identityNamed('eve'), 4, null))), 'FEED_IDENTITY', "another player's")
  const last = spoil(entries[3]!)
  t.equal(await feed([...raw.slice(0, 3), last.bytes], { key: last.key }), 'ENTRY_SIGNATURE', 'a head nobody signed')
  const long = chain(dan, 300, null, { spoiled: (at) => at < 299 })
  const end = { comparable: long[299]!.comparable, key: long[299]!.key, count: 300 }
  t.equal(await feed(rawOf(long), end), 'FEED_ENDED', '299 entries in a row that nobody signed')
  t.equal(await withManifest((it) => (it.score = '0'.repeat(64))), 'BUNDLE_SCORE', 'another score')
  const [first, second, , lastBlob] = rest as [Item, Item, Item, Item]
  const incomplete = await withManifest((it) => it.blobs.shift(), [first, second, lastBlob])
  t.equal(incomplete, 'BUNDLE_INCOMPLETE', 'an archive that its jam plays is left out')
  const unstarted = await withManifest((it) => (it.what = { jam: `${dan.id}:friday` }))
  t.equal(unstarted, 'JAM_UNKNOWN', 'a jam that none of its feeds starts')
  t.deepEqual(await contentOf(cy), NOTHING)
  await down.run()
})
