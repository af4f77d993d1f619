import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import {
  openFiles,
  pack,
  patternFault,
  PLAYER_FILE,
  prepareGenerator,
  wasmRuntime,
  type ArchiveFile,
} from '../../lib/generators/index.ts'
import { readFolder, readGenerator } from '../../lib/generators/node/folder.ts'
import {
  assemble,
  codeOf,
  fixture,
  fixtureBytes,
  generatorWat,
  good,
  run,
  TestTags,
  textFile,
} from '../helpers/generators.ts'
import { pattern, patternFiles } from '../helpers/patterns.ts'

const without = (files: readonly ArchiveFile[], path: string): ArchiveFile[] =>
  files.filter((file) => file.path !== path)
const text = textFile('pattern.txt', 'kick x...')

test('a pattern is its player: a WASM generator that reads the text beside it', (t) => {
  const files = patternFiles('kick x...')
  const { manifest, entry } = good(openFiles(files))
  t.deepEqual([manifest.runtime, manifest.entry, entry.path], ['pattern', 'pattern.txt', 'pattern.txt'])
  const prepared = good(prepareGenerator(good(pack(files))))
  t.equal(prepared.runtime, 'wasm')
  const voice = wasmRuntime.start(prepared, { seed: [1, 2], sampleRate: 48_000, tags: new TestTags() })
  const { status, left } = run(voice, 40)
  t.equal(status, 'go')
  t.ok(left.some((x) => Math.abs(x) > 0.1))
  t.end()
})

test("the module is the archive's own player.wasm, whatever it is", async (t) => {
  const own = { path: PLAYER_FILE, bytes: await assemble(generatorWat({ init: '(i32.const 7)' })), executable: false }
  const files = [...without(patternFiles('no language at all'), PLAYER_FILE), own]
  const voice = wasmRuntime.start(good(prepareGenerator(good(pack(files)))), {
    seed: [1, 2],
    sampleRate: 48_000,
    tags: new TestTags(),
  })
  t.equal(voice.failure?.message, 'mm_init answered 7')
  const broken = [...without(files, PLAYER_FILE), textFile(PLAYER_FILE, 'no module')]
  t.equal(codeOf(prepareGenerator(good(pack(broken)))), 'WASM_MALFORMED')
  t.end()
})

test('an archive without its player or its text is refused', (t) => {
  const files = patternFiles('kick x...')
  t.equal(codeOf(prepareGenerator(good(pack(without(files, PLAYER_FILE))))), 'GENERATOR_ENTRY_MISSING')
  t.equal(codeOf(prepareGenerator(good(pack(without(files, 'pattern.txt'))))), 'GENERATOR_ENTRY_MISSING')
  const named = patternFiles('kick x...', { manifest: { entry: 'song.txt' } })
  t.equal(codeOf(openFiles(named)), 'GENERATOR_ENTRY_MISSING')
  t.end()
})

test('a folder without a player gets the shipped one, the same bytes each time; one that has its own keeps it', async (t) => {
  const shipped = fixtureBytes('patterns', PLAYER_FILE)
  const once = await readGenerator(fixture('generators', 'groove'))
  t.deepEqual(once.find(({ path }) => path === PLAYER_FILE)?.bytes, shipped)
  t.deepEqual(good(pack(once)), good(pack((await readGenerator(fixture('generators', 'groove'))).toReversed())))
  const folder = await mkdtemp(join(tmpdir(), 'marmalade-pattern-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await cp(fixture('generators', 'groove'), folder, { recursive: true })
  await writeFile(join(folder, PLAYER_FILE), 'mine')
  const own = await readGenerator(folder)
  t.deepEqual(own, await readFolder(folder))
  t.deepEqual(await readGenerator(fixture('generators', 'drums')), await readFolder(fixture('generators', 'drums')))
})

test('a text at fault is refused with its place and its line', async (t) => {
  t.equal(patternFault(pattern('kick x...'), text), undefined)
  const bad = 'kick x...\n\that ..q.'
  const fault = patternFault(pattern(bad), textFile('pattern.txt', bad))
  t.equal(fault?.code, 'PATTERN_TEXT')
  const [first, shown, caret] = fault?.message.split('\n') ?? []
  t.match(first!, /^pattern.txt:2:8: `q` is no step of hat/)
  t.deepEqual([shown, caret], ['\that ..q.', '\t      ^'])
  const trapping = good(
    prepareGenerator(
      good(
        pack([
          ...without(patternFiles('x'), PLAYER_FILE),
          { path: PLAYER_FILE, bytes: await assemble(generatorWat({ init: 'unreachable' })), executable: false },
        ]),
      ),
    ),
  )
  t.equal(patternFault(trapping, text)?.code, 'GENERATOR_TRAPPED', 'another player says nothing of a place')
})
