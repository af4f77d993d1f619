import test from 'tape'
import type { BlobId, PlayerId } from '../../lib/base/index.ts'
import type { ArchiveFile } from '../../lib/engine/index.ts'
import { Ledger } from '../../lib/jam/index.ts'
import { Archives } from '../../plugins/sound/archives.ts'
import { memoryLog } from '../helpers/hosts.ts'
import { ADA, archiveNamed, JAM, startedJam } from '../helpers/jams.ts'

/** An owner whose mind changes, and an engine that is slow: what was handed to it, oldest first. */
function rig(...here: readonly string[]) {
  const jam = startedJam()
  for (const generator of ['drums', 'chords']) jam.play(ADA, generator, 0)
  const ledger = new Ledger(JAM)
  for (const entry of jam.entries) ledger.add(entry)
  const likely: string[] = []
  const published = new Set<(player: PlayerId) => void>()
  const permits = new Set<BlobId>()
  const listeners = new Set<() => void>()
  const handed: ArchiveFile[] = []
  const waiting: (() => void)[] = []
  const archives = new Archives({
    jam: { ledger },
    generators: {
      hold: () => () => undefined,
      onPermits: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      onPublished: (listener) => {
        published.add(listener)
        return () => published.delete(listener)
      },
      atHand: async (archive) => (here.some((name) => archiveNamed(name) === archive) ? archive : undefined),
      ensure: async (archive) => archive,
      mayRun: async (archive) => permits.has(archive),
    },
    likely: async () => likely.map((name) => archiveNamed(name)),
    log: memoryLog(),
    hand(file) {
      handed.push(file)
      waiting.shift()?.()
    },
    changed: () => undefined,
  })
  return {
    archives,
    handed,
    publish: (...names: readonly string[]): void => {
      likely.push(...names)
      for (const listener of published) listener(ADA)
    },
    /** Ada plays it from now on. */
    play: (name: string): void => {
      ledger.add(jam.generator(ADA, name))
      ledger.add(jam.play(ADA, name, 960))
      archives.want()
    },
    set: (name: string, on: boolean): void => {
      if (on) permits.add(archiveNamed(name))
      else permits.delete(archiveNamed(name))
      for (const listener of listeners) listener()
    },
    /** Resolves when so many were handed over in all. */
    given: async (count: number): Promise<void> => {
      while (handed.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    answer: (name: string, refused: boolean): boolean => {
      const refusal = refused ? { code: 'GENERATOR_NOT_ALLOWED' as const, message: 'no' } : undefined
      return archives.note({
        archive: archiveNamed(name),
        refusal,
        ...(refused ? {} : { runtime: 'process' as const }),
      })
    },
  }
}

const drums = archiveNamed('drums')

test('archives: one that is allowed while the engine still prepares it is handed over again, and plays', async (t) => {
  const { archives, handed, set, given, answer } = rig('drums', 'chords')
  const before = await archives.atHand()
  t.deepEqual(
    before.map(({ mayRun }) => mayRun),
    [false, false],
  )
  archives.want()
  set('drums', true)
  await given(1)
  t.deepEqual(handed, [{ archive: drums, file: drums, mayRun: true }])
  t.notOk(answer('drums', true), 'what the engine said of the first time is out of date')
  t.equal(archives.stateOf(drums), 'sent')
  t.ok(answer('drums', false))
  t.equal(archives.stateOf(drums), 'ready')
  archives.stop()
})

test('archives: what changes while the engine starts is told once it runs', async (t) => {
  const { archives, handed, set, given } = rig('drums', 'chords')
  await archives.atHand()
  set('drums', true)
  archives.want()
  await given(1)
  t.deepEqual(handed, [{ archive: drums, file: drums, mayRun: true }])
  archives.stop()
})

test('archives: one that is ready is handed over again as refused when it may run no more, and only it', async (t) => {
  const { archives, handed, set, given, answer } = rig()
  set('drums', true)
  archives.want()
  await given(2)
  t.deepEqual(handed.map(({ archive, mayRun }) => [archive === drums, mayRun]).sort(), [
    [false, false],
    [true, true],
  ])
  t.ok(answer('drums', false) && answer('chords', true))
  set('drums', false)
  await given(3)
  t.deepEqual(handed[2], { archive: drums, file: drums, mayRun: false })
  t.ok(answer('drums', true))
  t.equal(archives.stateOf(drums), 'refused')
  set('drums', true)
  await given(4)
  t.equal(handed.length, 4)
  archives.stop()
})

test('archives: what may be played next is prepared before, one at a time; why not matters once it is played', async (t) => {
  const { archives, handed, publish, play, given, answer } = rig('drums', 'chords', 'bass', 'pad', 'far')
  await archives.atHand()
  archives.want()
  publish('drums', 'bass', 'absent', 'pad')
  await given(1)
  const [bass, pad] = [archiveNamed('bass'), archiveNamed('pad')]
  t.deepEqual(handed, [{ archive: bass, file: bass, mayRun: false }], 'neither what is played nor a second one')
  t.notOk(answer('bass', true), 'a refusal that concerns nobody')
  await given(2)
  t.deepEqual(handed[1], { archive: pad, file: pad, mayRun: false })
  t.ok(answer('pad', false))
  t.equal(archives.stateOf(pad), 'ready')
  play('pad')
  play('bass')
  await given(3)
  t.deepEqual(handed.slice(2), [{ archive: bass, file: bass, mayRun: false }], 'what is ready is not handed over again')
  t.ok(answer('bass', true))
  t.equal(archives.stateOf(bass), 'refused')
  archives.stop()
})
