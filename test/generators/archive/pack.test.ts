import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import test from 'tape'
import { hasCode } from '../../../lib/base/index.ts'
import { type ArchiveFile, MAX_BYTES, pack, unpack } from '../../../lib/generators/index.ts'
import { readFolder } from '../../../lib/generators/node/folder.ts'
import { codeOf, fixture, good, textFile } from '../../helpers/generators.ts'
import { readWithTarStream } from '../../helpers/tar.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
/** The blob of fixtures/archive/folder. If it changes, every archive in the world has another id when packed again. */
const KNOWN = '45cef8c5ee738fabd7f816113fa371940b3f48e0af13cd5c458aef564d102d4c'

test('a folder packs to the known blob, wherever it lies and however it was written', async (t) => {
  const files = await readFolder(fixture('archive', 'folder'))
  t.equal(sha256(good(pack(files))), KNOWN)
  const elsewhere = mkdtempSync(join(tmpdir(), 'marmalade-pack-'))
  for (const file of files.toReversed()) {
    const path = join(elsewhere, file.path)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, file.bytes)
    chmodSync(path, file.executable ? 0o777 : 0o600)
    utimesSync(path, 1, 1)
  }
  mkdirSync(join(elsewhere, 'node_modules', 'x'), { recursive: true })
  writeFileSync(join(elsewhere, 'node_modules', 'x', 'index.js'), 'left out')
  mkdirSync(join(elsewhere, '.git'))
  writeFileSync(join(elsewhere, '.git', 'config'), 'left out')
  t.equal(sha256(good(pack(await readFolder(elsewhere)))), KNOWN)
  rmSync(elsewhere, { recursive: true })
})

test('what was packed comes out the same, here and in another program', async (t) => {
  const files = await readFolder(fixture('archive', 'folder'))
  const bytes = good(pack(files))
  const out = good(unpack(bytes))
  t.deepEqual(
    out.map((file) => file.path),
    [
      'empty',
      'generator.json',
      'play.sh',
      'samples-b.txt',
      'samples/B C.txt',
      'samples/a-folder-whose-name-is-long-enough/another-folder-whose-name-is-long-enough/and-one-more/far-down.txt',
      'samples/a.txt',
      'tone.raw',
      'zeros.raw',
    ],
    'sorted by bytes, dotfiles left out',
  )
  t.deepEqual(
    out.filter((file) => file.executable).map((file) => file.path),
    ['play.sh'],
  )
  const other = await readWithTarStream(gunzipSync(bytes))
  t.deepEqual(
    other.map(({ name, bytes }) => [name, sha256(bytes)]),
    out.map(({ path, bytes }) => [path, sha256(bytes)]),
  )
  for (const { header } of other)
    t.deepEqual([header.uid, header.gid, header.mtime.getTime(), header.uname], [0, 0, 0, ''], header.name)
})

test('any files survive packing, in any order', (t) => {
  const files = fc.uniqueArray(
    fc.record({
      path: fc.stringMatching(/^[a-z]{1,40}(\/x[a-z0-9 _+]{0,60}z){0,2}\.[a-z]{1,3}$/),
      bytes: fc.uint8Array({ maxLength: 2_000 }),
      executable: fc.boolean(),
    }),
    { selector: (file) => file.path, maxLength: 20 },
  )
  fc.assert(
    fc.property(files, (given) => {
      const bytes = good(pack(given))
      const back = good(unpack(bytes))
      const sorted = given.toSorted((a, b) => (a.path < b.path ? -1 : 1))
      return (
        sha256(good(pack(given.toReversed()))) === sha256(bytes) &&
        JSON.stringify(back) ===
          JSON.stringify(sorted.map(({ path, bytes, executable }) => ({ path, bytes, executable })))
      )
    }),
    { numRuns: 60, seed: 1 },
  )
  t.pass('60 archives')
  t.end()
})

test('what cannot be packed is refused', (t) => {
  const one = (path: string): string | undefined => codeOf(pack([textFile(path, 'x')]))
  t.equal(one('ok.txt'), undefined)
  for (const path of [
    '',
    '/etc/passwd',
    '../x',
    'a/../b',
    'a//b',
    './a',
    'a\\b',
    'a\nb',
    'schön.wav',
    'a/b ',
    'con.',
    'a\0b',
  ])
    t.equal(one(path), 'ARCHIVE_PATH_REFUSED', JSON.stringify(path))
  t.equal(one('x'.repeat(120)), 'ARCHIVE_PATH_REFUSED', 'a file name that no tar header holds')
  t.equal(one(`${'d/'.repeat(17)}x`), 'ARCHIVE_PATH_REFUSED', 'too many folders')
  t.equal(one(`${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(90)}`), 'ARCHIVE_PATH_REFUSED', 'too long')
  t.equal(codeOf(pack([textFile('a', '1'), textFile('a', '2')])), 'ARCHIVE_DUPLICATE')
  const many = Array.from({ length: 1_001 }, (_, n) => textFile(`f${n}`, ''))
  t.equal(codeOf(pack(many)), 'ARCHIVE_TOO_MANY_FILES')
  t.equal(codeOf(pack(many.slice(1))), undefined, '1,000 are well')
  const large: ArchiveFile = { path: 'large', bytes: new Uint8Array(MAX_BYTES + 1), executable: false }
  t.equal(codeOf(pack([large])), 'ARCHIVE_TOO_LARGE')
  t.end()
})

test('a folder with a link is refused by name, and one with too much before it is read', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'marmalade-folder-'))
  const refused = async (
    code: 'ARCHIVE_ENTRY_REFUSED' | 'ARCHIVE_TOO_MANY_FILES' | 'ARCHIVE_TOO_LARGE',
  ): Promise<void> => {
    await readFolder(folder).then(
      () => t.fail('it was read'),
      (error: unknown) => t.ok(hasCode(error, code), code),
    )
  }
  symlinkSync('/etc/passwd', join(folder, 'link'))
  await refused('ARCHIVE_ENTRY_REFUSED')
  rmSync(join(folder, 'link'))
  for (let n = 0; n <= 1_000; n++) writeFileSync(join(folder, `f${n}`), '')
  await refused('ARCHIVE_TOO_MANY_FILES')
  for (let n = 0; n <= 1_000; n++) rmSync(join(folder, `f${n}`))
  writeFileSync(join(folder, 'large'), new Uint8Array(MAX_BYTES + 1))
  await refused('ARCHIVE_TOO_LARGE')
  rmSync(folder, { recursive: true })
})
