import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import test from 'tape'
import { crc32 } from '../../../lib/generators/archive/crc.ts'
import { isRefused, pack, unpack } from '../../../lib/generators/index.ts'
import { codeOf, fixture, good, textFile } from '../../helpers/generators.ts'
import { writeWithTarStream } from '../../helpers/tar.ts'

const tarOf = (path: string, content = 'x'): Uint8Array => good(pack([textFile(path, content)]))

test('archives of another program are read', async (t) => {
  const made = await writeWithTarStream([
    { name: './', type: 'directory' },
    { name: './generator.json', content: '{}' },
    { name: 'samples/', type: 'directory' },
    { name: 'samples/a.txt', content: 'one', mode: 0o755 },
  ])
  const files = good(unpack(made))
  t.deepEqual(
    files.map(({ path, bytes, executable }) => [path, bytes.length, executable]),
    [
      ['generator.json', 2, false],
      ['samples/a.txt', 3, true],
    ],
  )
  const gnu = execFileSync('tar', [
    '--format=gnu',
    '-C',
    fixture('archive', 'folder'),
    '-cz',
    'generator.json',
    'play.sh',
  ])
  t.equal(good(unpack(new Uint8Array(gnu))).length, 2, "GNU tar's own format")
})

test('paths that lead elsewhere are refused', async (t) => {
  for (const name of [
    '../x',
    '/x',
    'a/../../x',
    '..',
    'a/..',
    '.',
    'a/./b',
    'a//b',
    'a\\b',
    '././x',
    'a\nb',
    '~'.repeat(3) + '\x7f',
  ])
    t.equal(
      codeOf(unpack(await writeWithTarStream([{ name, content: 'x' }]))),
      'ARCHIVE_PATH_REFUSED',
      JSON.stringify(name),
    )
  const folder = await writeWithTarStream([{ name: '../up/', type: 'directory' }])
  t.equal(codeOf(unpack(folder)), 'ARCHIVE_PATH_REFUSED', 'a folder, too')
})

test('links, devices and what else is no file are refused', async (t) => {
  const kinds = ['symlink', 'link', 'character-device', 'block-device', 'fifo', 'contiguous-file'] as const
  for (const type of kinds) {
    const made = await writeWithTarStream([{ name: 'x', type, linkname: '/etc/passwd' }])
    t.equal(codeOf(unpack(made)), 'ARCHIVE_ENTRY_REFUSED', type)
  }
  const pax = await writeWithTarStream([{ name: 'ü'.repeat(200), content: 'x' }])
  t.equal(codeOf(unpack(pax)), 'ARCHIVE_ENTRY_REFUSED', 'a header that renames the next entry')
})

test('one path twice is refused, also as a folder of another', async (t) => {
  const twice = (a: string, b: string): Promise<Uint8Array> =>
    writeWithTarStream([
      { name: a, content: '1' },
      { name: b, content: '2' },
    ])
  t.equal(codeOf(unpack(await twice('a', 'a'))), 'ARCHIVE_DUPLICATE')
  t.equal(codeOf(unpack(await twice('a', './a'))), 'ARCHIVE_DUPLICATE')
  t.equal(codeOf(unpack(await twice('a', 'a/b'))), 'ARCHIVE_DUPLICATE')
  t.equal(codeOf(unpack(await twice('a/b/c', 'a/b'))), 'ARCHIVE_DUPLICATE')
})

test('too many files and too many bytes are refused', async (t) => {
  const names = Array.from({ length: 1_001 }, (_, n) => ({ name: `f${n}`, content: '' }))
  t.equal(codeOf(unpack(await writeWithTarStream(names))), 'ARCHIVE_TOO_MANY_FILES')
  t.equal(good(unpack(await writeWithTarStream(names.slice(1)))).length, 1_000)
  const bomb = new Uint8Array(gzipSync(new Uint8Array(200 * 1024 * 1024), { level: 9 }))
  t.ok(bomb.length < 300_000, `a bomb of ${bomb.length} bytes`)
  t.equal(codeOf(unpack(bomb)), 'ARCHIVE_TOO_LARGE')
  const tar = new Uint8Array(66 * 1024 * 1024)
  const header = good(unpackTar(tarOf('large', '')))
  tar.set(header.subarray(0, 512))
  const size = (65 * 1024 * 1024).toString(8).padStart(11, '0')
  tar.set(new TextEncoder().encode(size), 124)
  fixChecksum(tar)
  t.equal(codeOf(unpack(new Uint8Array(gzipSync(tar, { level: 1 })))), 'ARCHIVE_TOO_LARGE', 'a file of 65 MiB')
})

test('every cut and every flipped bit that would change a file is found', (t) => {
  const archive = tarOf('file.txt', 'some text '.repeat(40))
  let found = 0
  for (let length = 0; length < archive.length; length++) if (codeOf(unpack(archive.subarray(0, length)))) found++
  t.equal(found, archive.length, 'each cut')
  const intact = JSON.stringify(good(unpack(archive)))
  const changed: number[] = []
  for (let at = 0; at < archive.length; at++) {
    const flipped = archive.slice()
    flipped[at] = (flipped[at] ?? 0) ^ 1
    const out = unpack(flipped)
    if (!isRefused(out) && JSON.stringify(out) !== intact) changed.push(at)
  }
  t.deepEqual(changed, [], 'no flip gives other files')
  for (const extra of [1, 3, 8, 600]) {
    const longer = new Uint8Array(archive.length + extra)
    longer.set(archive)
    t.equal(codeOf(unpack(longer)), 'ARCHIVE_CORRUPT', `${extra} bytes after its end`)
  }
  const member = new Uint8Array(archive.length * 2)
  member.set(archive)
  member.set(archive, archive.length)
  t.equal(codeOf(unpack(member)), 'ARCHIVE_CORRUPT', 'a second gzip member')
  t.end()
})

test('what is wrong inside the tar is found', (t) => {
  const tar = good(unpackTar(tarOf('file.txt', 'text')))
  const change = (
    at: number,
    bytes: readonly number[],
    mend: (tar: Uint8Array) => void = () => undefined,
  ): string | undefined => {
    const copy = tar.slice()
    copy.set(bytes, at)
    mend(copy)
    return codeOf(unpack(new Uint8Array(gzipSync(copy))))
  }
  t.equal(change(0, [103]), 'ARCHIVE_CORRUPT', 'a wrong checksum')
  t.equal(change(0, [103], fixChecksum), undefined, 'mended')
  t.equal(change(0, [255], fixChecksum), 'ARCHIVE_CORRUPT', 'a name that is no UTF-8')
  t.equal(change(257, [120], fixChecksum), 'ARCHIVE_CORRUPT', 'another kind of tar')
  t.equal(change(124, [0x80], fixChecksum), 'ARCHIVE_CORRUPT', 'a size in base 256')
  t.equal(change(124, [...Buffer.from('00000077777')], fixChecksum), 'ARCHIVE_CORRUPT', 'a size beyond the end')
  t.equal(change(tar.length - 1, [1]), 'ARCHIVE_CORRUPT', 'something after the end')
  t.equal(codeOf(unpack(new Uint8Array(gzipSync(tar.subarray(0, 1024))))), 'ARCHIVE_CORRUPT', 'no end')
  t.equal(codeOf(unpack(new Uint8Array(0))), 'ARCHIVE_CORRUPT', 'nothing')
  t.equal(codeOf(unpack(new TextEncoder().encode('<html>this is no archive</html>'))), 'ARCHIVE_CORRUPT', 'text')
  t.equal(crc32(new TextEncoder().encode('123456789')), 0xcbf43926, "the checksum's own check value")
  t.end()
})

function unpackTar(archive: Uint8Array): Uint8Array {
  return new Uint8Array(gunzip(archive))
}
const gunzip = (bytes: Uint8Array): Buffer => execFileSync('gzip', ['-dc'], { input: bytes, maxBuffer: 1e9 })

function fixChecksum(tar: Uint8Array): void {
  tar.fill(0x20, 148, 156)
  const sum = tar.subarray(0, 512).reduce((a, b) => a + b, 0)
  tar.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
}
