import test from 'tape'
import type { Frames, PlayerRef } from '../../lib/base/index.ts'
import type { Command, InstancePath, InstanceSpec } from '../../lib/jam/index.ts'
import { startPool } from '../../lib/mix/node/pool.ts'
import { blocksOf, heardBy, listenerWat, playerWat, type PlayedNote } from '../helpers/listeners.ts'
import {
  archiveFrom,
  GRID,
  localRunners,
  PLAYER,
  probeWat,
  pulses,
  rawHash,
  renderAll,
  specOf,
  startAt,
  tagAt,
  type RenderOptions,
  type Rendered,
} from '../helpers/mix.ts'

const OTHER = 'BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA'
const half = Math.fround(0.5)
/** A beat whose frame lies so far from the origin, and the frame. */
const ahead = (frames: Frames): [beat: number, frame: Frames] => {
  const beat = GRID.positionAt(frames).beat
  return [beat, GRID.frameOfBeat(beat)]
}

interface Band {
  /** Notes that instances play, by their names in processing order. */
  readonly play: Readonly<
    Record<string, { name: string; notes: readonly PlayedNote[]; block?: number; spec?: Partial<InstanceSpec> }>
  >
  /** What each listener watches. */
  readonly hear: Readonly<Record<string, readonly string[]>>
  readonly frames?: Frames
  readonly commands?: readonly Command[]
}

async function render(
  { play, hear, frames = 1_280, commands = [] }: Band,
  options: RenderOptions = {},
): Promise<Rendered> {
  const archives = []
  const starts: Command[] = []
  let at = 0
  for (const [id, { name, notes, block, spec }] of Object.entries(play)) {
    const made = await archiveFrom(playerWat(name, notes, block))
    archives.push(made)
    starts.push(startAt(0, specOf(made.archive, id, { at: at++, ...spec })))
  }
  for (const [id, paths] of Object.entries(hear)) {
    const made = await archiveFrom(listenerWat(paths))
    archives.push(made)
    starts.push(startAt(0, specOf(made.archive, id, { at: at++ })))
  }
  return renderAll(archives, [...starts, ...commands], frames, options)
}

const logs = ({ reports }: Rendered): string[] =>
  reports
    .flatMap(({ events }) => events)
    .flatMap((e) => (e.kind === 'log' ? [`${e.path.split('/')[2] ?? ''}: ${e.text}`] : []))

test('a note is heard on its frame by whoever watches it, by name, by path and by glob', async (t) => {
  const [beat, frame] = ahead(300)
  const a = `${PLAYER}/test/a`
  const hear = {
    name: ['note/kick'],
    path: [`${a}/note/kick`],
    glob: [`*/test/*/note/kick`, `${PLAYER}/*/a/note/*`],
    deaf: ['note/snare', `${PLAYER}/test/b/note/kick`, 'kick', '*/*/*/kick', `${a}/kick`],
  }
  const made = await render({ play: { a: { name: 'kick', notes: [[60.5, 0.5, 2, beat]] } }, hear })
  const note = (handle: number) => ['note', handle, 60.5, half, 2, frame]
  t.notEqual(frame % 128, 0)
  t.deepEqual(heardBy(made, 'name'), [note(0)])
  t.deepEqual(heardBy(made, 'path'), [note(0)])
  t.deepEqual(heardBy(made, 'glob'), [note(0), note(1)], 'once for each handle that finds it')
  t.deepEqual(heardBy(made, 'deaf'), [], 'a note is no tag')
  t.ok(blocksOf(made, 'name').includes(frame), 'a block begins there')
  t.notOk(blocksOf(made, 'deaf').includes(frame), 'and with nobody else')
  t.deepEqual(logs(made), [])
  t.end()
})

test('who finds a note by several handles is told in their order, also where its path comes after them', async (t) => {
  const hear = { z: ['*/*/*/note/*', 'note/key', `${PLAYER}/test/a/note/*`, '*/test/*/note/key'] }
  const made = await render({ play: { a: { name: 'key', notes: [[60, 1, 1, Number.NaN]] } }, hear })
  t.deepEqual(
    heardBy(made, 'z').map(([, handle]) => handle),
    [0, 1, 2, 3],
  )
  t.end()
})

test('notes of one frame come in processing order, those of one instance as it played them', async (t) => {
  const [beat, frame] = ahead(700)
  const play = {
    b: {
      name: 'key',
      notes: [
        [70, 1, 1, beat],
        [71, 1, 1, beat],
        [50, 1, 1, beat - 0.001],
      ],
    },
    a: {
      name: 'key',
      notes: [
        [60, 1, 1, beat],
        [61, 1, 1, beat],
      ],
    },
  } as const
  const made = await render({ play, hear: { z: ['note/key'] } })
  const heard = heardBy(made, 'z').map(([, , pitch, , , at]) => [pitch, at])
  t.deepEqual(heard, [[50, GRID.frameOfBeat(beat - 0.001)], ...[70, 71, 60, 61].map((pitch) => [pitch, frame])])
  t.end()
})

test('a note that comes too late is dropped, and its author is told; one for now comes at the next multiple of 128', async (t) => {
  const soon = GRID.positionAt(127).beat
  const notes: PlayedNote[] = [
    [1, 1, 1, -1],
    [2, 1, 1, 0],
    [3, 1, 1, soon],
    [4, 1, 1, Number.NaN],
  ]
  const first = await render({ play: { a: { name: 'key', notes } }, hear: { z: ['note/key'] } })
  t.deepEqual(heardBy(first, 'z'), [['note', 0, 4, 1, 1, 128]])
  t.deepEqual(logs(first), [], 'none of its first block could have come earlier')
  const second = await render({ play: { a: { name: 'key', notes, block: 1 } }, hear: { z: ['note/key'] } })
  t.deepEqual(heardBy(second, 'z'), [['note', 0, 4, 1, 1, 256]])
  t.equal(logs(second).length, 1)
  t.match(logs(second)[0] ?? '', /^a: 3 of its notes came too late/)
  t.end()
})

test('an instance plays 256 notes in 128 frames at most, and none of them is lost', async (t) => {
  const notes = Array.from({ length: 300 }, (_, n): PlayedNote => [n, 1, 1, ahead(300 + (n % 128))[0]])
  const made = await render({ play: { a: { name: 'key', notes } }, hear: { z: ['note/key'] }, frames: 128 * 40 })
  const heard = heardBy(made, 'z')
  t.equal(heard.length, 256)
  t.deepEqual(
    heard.map(([, , pitch]) => pitch).sort((a, b) => a - b),
    Array.from({ length: 256 }, (_, n) => n),
    'the first',
  )
  const order = heard.map(([, , pitch, , , frame]) => [frame ?? 0, pitch] as const)
  t.deepEqual(
    [...order].sort(([a, p], [b, q]) => a - b || p - q),
    order,
    'by frame, then as they were played',
  )
  t.equal(
    blocksOf(made, 'z').filter((frame) => frame > 256 && frame < 384).length,
    16,
    'cut sixteen times in 128 frames',
  )
  t.end()
})

test('who is to hear more than 256 notes in 128 frames hears the first of them, and is told', async (t) => {
  const notes = (from: number): PlayedNote[] =>
    Array.from({ length: 200 }, (_, n): PlayedNote => [from + n, 1, 1, Number.NaN])
  const play = { a: { name: 'key', notes: notes(0) }, b: { name: 'key', notes: notes(1_000) } }
  const made = await render({ play, hear: { z: ['note/key'], own: [`${PLAYER}/test/b/note/*`] }, frames: 128 * 40 })
  const pitches = heardBy(made, 'z').map(([, , pitch]) => pitch)
  t.equal(pitches.length, 256)
  t.deepEqual(pitches.slice(199, 202), [199, 1_000, 1_001])
  t.equal(heardBy(made, 'own').length, 200, 'another’s is not the poorer for it')
  t.deepEqual(logs(made), ['z: it was to hear 400 notes in 128 frames: 144 of them are lost'])
  t.end()
})

test('notes that waited for a block are of its 128 frames alone, whether or not others change anything in these', async (t) => {
  const notes = (count: number, from: number, frame: Frames): PlayedNote[] =>
    Array.from({ length: count }, (_, n) => [from + n, 1, 1, ahead(frame)[0]])
  const play = { a: { name: 'key', notes: notes(200, 0, 300) }, b: { name: 'key', notes: notes(256, 1_000, 520) } }
  const cuts = Array.from({ length: 16 }, (_, n) => tagAt(257 + n, `${PLAYER}/chord`, n))
  for (const more of [[], [tagAt(400, `${OTHER}/mood`, 1)]]) {
    const made = await render({
      play,
      hear: { z: ['chord', 'note/key'] },
      commands: [...cuts, ...more],
      frames: 128 * 40,
    })
    t.equal(heardBy(made, 'z').filter(([kind]) => kind === 'note').length, 456)
  }
  t.end()
})

test('who watches a tag is told of each change before the block that sees it, in order of handles', async (t) => {
  const chord = (frame: Frames, value: number): Command => tagAt(frame, `${PLAYER}/chord`, value)
  const text: Command = { kind: 'tag', frame: 400, path: `${PLAYER}/mood`, value: 'dark' }
  const commands = [chord(0, 1), chord(300, 2), tagAt(300, `${OTHER}/chord`, 3), tagAt(300, `${OTHER}/color`, 9), text]
  const made = await render({ play: {}, hear: { z: ['mood', 'chord', `${OTHER}/*`, `${PLAYER}/chord`] }, commands })
  t.deepEqual(heardBy(made, 'z'), [
    ['event', 1, 3, 300],
    ['event', 2, 9, 300],
    ['event', 3, 2, 300],
    ['event', 0, NaN, 400],
  ])
  t.deepEqual(
    blocksOf(made, 'z').filter((frame) => frame % 128 !== 0),
    [300, 400],
  )
  t.end()
})

test('what changes after the sixteenth cut is told at the next multiple of 128, once, as it stands then', async (t) => {
  const commands = Array.from({ length: 30 }, (_, n) => tagAt(130 + 4 * n, `${PLAYER}/chord`, n))
  const made = await render({ play: {}, hear: { z: ['chord'] }, commands })
  const heard = heardBy(made, 'z')
  t.deepEqual(
    heard.slice(0, 16),
    Array.from({ length: 16 }, (_, n) => ['event', 0, n, 130 + 4 * n]),
  )
  t.deepEqual(heard.slice(16), [['event', 0, 29, 246]])
  t.end()
})

test('a note sets nothing: who reads a tag of its name finds none', async (t) => {
  const probe = await archiveFrom(probeWat('kick'))
  const player = await archiveFrom(playerWat('kick', [[60, 1, 1, Number.NaN]]))
  const commands = [startAt(0, specOf(player.archive, 'a')), startAt(0, specOf(probe.archive, 'see', { at: 1 }))]
  t.deepEqual(pulses(renderAll([player, probe], commands, 512).stems.get('see')?.rawRight), [])
  t.end()
})

test('notes and events are the same on 1, 2 and 4 threads, whoever shares one', async (t) => {
  const relay = `(call $note (i32.const 3000) (i32.const 4) (f64.add (local.get $pitch) (f64.const 1)) (local.get $velocity)
    (local.get $beats) (f64.const nan))`
  const relays = await archiveFrom(
    listenerWat(['note/ping', 'count'], {
      head: '(import "marmalade" "note" (func $note (param i32 i32 f64 f64 f64 f64)))',
      note: relay,
      tail: '(data (i32.const 3000) "pong")',
    }),
  )
  const answers = await archiveFrom(
    listenerWat(['note/pong', 'note/ping'], {
      head: '(import "marmalade" "tag_set" (func $set (param i32 i32 f64 f64)))',
      note: '(call $set (i32.const 3000) (i32.const 5) (local.get $pitch) (f64.const nan))',
      tail: '(data (i32.const 3000) "count")',
    }),
  )
  const notes = Array.from({ length: 100 }, (_, n): PlayedNote => [n, 0.25, 1, ahead(200 + 61 * n)[0]])
  const pings = await archiveFrom(playerWat('ping', notes))
  const specs = [
    specOf(answers.archive, 'one', { at: 0 }),
    specOf(relays.archive, 'two', { at: 1 }),
    specOf(pings.archive, 'three', { at: 2, path: `${OTHER}/test/three` as InstancePath, player: OTHER as PlayerRef }),
    specOf(relays.archive, 'four', { at: 3 }),
    specOf(answers.archive, 'five', { at: 4 }),
  ]
  const commands = specs.map((spec) => startAt(0, spec))
  const once = renderAll([relays, answers, pings], commands, 12_800)
  const pongs = heardBy(once, 'five').filter(([kind, handle]) => kind === 'note' && handle === 0)
  t.equal(pongs.length, 200, 'each answer of both is heard')
  t.ok(
    heardBy(once, 'two').some(([kind]) => kind === 'event'),
    'and what comes of it',
  )
  t.equal(rawHash(renderAll([relays, answers, pings], commands, 12_800, { runners: localRunners(3) })), rawHash(once))
  for (const threads of [1, 2, 4]) {
    const pool = await startPool(threads)
    try {
      const made = renderAll([relays, answers, pings], commands, 12_800, { runners: pool })
      t.equal(rawHash(made), rawHash(once), `${threads} threads`)
    } finally {
      await Promise.all(pool.map((runner) => runner.close()))
    }
  }
})
