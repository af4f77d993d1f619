import test from 'tape'
import type { Voice } from '../../lib/generators/index.ts'
import type { TagListener } from '../../lib/jam/index.ts'
import { type TestTags, assemble, block, generatorWat, startVoice } from '../helpers/generators.ts'

const IMPORTS = `
  (import "marmalade" "tag_open" (func $open (param i32 i32) (result i32)))
  (import "marmalade" "tag_get" (func $get (param i32) (result f64)))
  (import "marmalade" "tag_text" (func $text (param i32 i32 i32) (result i32)))
  (import "marmalade" "tag_frame" (func $when (param i32) (result f64)))
  (import "marmalade" "tag_at" (func $at (param i32 f64) (result f64)))
  (import "marmalade" "tag_last" (func $last (param i32 i32 i32) (result i32)))
  (import "marmalade" "tag_set" (func $set (param i32 i32 f64 f64)))
  (import "marmalade" "tag_set_text" (func $set_text (param i32 i32 i32 i32 f64)))
  (import "marmalade" "tag_watch" (func $watch (param i32)))
  (import "marmalade" "note" (func $note (param i32 i32 f64 f64 f64 f64)))
  (import "marmalade" "log" (func $log (param i32 i32)))`

/** A generator whose block does `process`, with texts at the places given. */
async function start(process: string, texts: Record<number, string> = {}): Promise<{ voice: Voice; tags: TestTags }> {
  const data = Object.entries(texts).map(([at, text]) => `(data (i32.const ${at}) "${text}")`)
  return startVoice(
    await assemble(generatorWat({ head: IMPORTS, process: `${process} (i32.const 0)`, tail: data.join(' ') })),
  )
}
const ONES = '(f64.const 1) (f64.const 1) (f64.const 1) (f64.const 1)'
const memoryOf = (voice: Voice): DataView => new DataView(voice.left.buffer)

test('memory that the machine does not have ends an instance, and is told apart from its own faults', async (t) => {
  const { voice, tags } = await start('(call $log (i32.const 0) (i32.const 1))', { 0: 'a' })
  tags.log = () => {
    throw new RangeError('Array buffer allocation failed')
  }
  t.equal(voice.process(block(0)), 'error')
  t.equal(voice.failure?.code, 'GENERATOR_NO_MEMORY')
  t.match(voice.failure?.message ?? '', /in mm_process: Array buffer allocation failed$/)
})

test('tags are opened, read and dated', async (t) => {
  const { voice, tags } = await start(
    `(drop (call $open (i32.const 0) (i32.const 9)))
     (i32.store (i32.const 4096) (call $open (i32.const 16) (i32.const 11)))
     (i32.store (i32.const 4100) (call $open (i32.const 0) (i32.const 9)))
     (f64.store (i32.const 4104) (call $get (i32.const 0)))
     (f64.store (i32.const 4112) (call $when (i32.const 0)))
     (i32.store (i32.const 4120) (call $text (i32.const 1) (i32.const 5000) (i32.const 4)))
     (i32.store (i32.const 4124) (call $text (i32.const 0) (i32.const 6000) (i32.const 100)))
     (f64.store (i32.const 4128) (call $get (i32.const 1)))`,
    { 0: 'jam/tempo', 16: 'jam/context' },
  )
  tags.values = { 'jam/tempo': { value: 112, frame: -640 }, 'jam/context': { value: 'dröp!', frame: 5 } }
  t.equal(voice.process(block(0)), 'go')
  const memory = memoryOf(voice)
  t.deepEqual(tags.opened, ['jam/tempo', 'jam/context'])
  t.deepEqual(
    [4096, 4100].map((at) => memory.getInt32(at, true)),
    [1, 0],
    'handles count from 0; a path has one',
  )
  t.equal(memory.getFloat64(4104, true), 112)
  t.equal(memory.getFloat64(4112, true), -640)
  t.equal(memory.getInt32(4120, true), 6, 'the whole length in bytes')
  t.equal(new TextDecoder().decode(new Uint8Array(voice.left.buffer, 5000, 5)), 'dr\u00f6\0', 'of which 4 fit')
  t.equal(memory.getInt32(4124, true), -1, 'a number is no text')
  t.ok(Number.isNaN(memory.getFloat64(4128, true)), 'and a text no number')
})

test('a tag has a past: its value at a frame, and its last points, oldest first', async (t) => {
  const last = (at: number, handle: number, count: number, out: number): string =>
    `(i32.store (i32.const ${at}) (call $last (i32.const ${handle}) (i32.const ${count}) (i32.const ${out})))`
  const { voice, tags } = await start(
    `(drop (call $open (i32.const 0) (i32.const 5))) (drop (call $open (i32.const 8) (i32.const 4)))
     (f64.store (i32.const 4096) (call $at (i32.const 0) (f64.const -100)))
     (f64.store (i32.const 4104) (call $at (i32.const 0) (f64.const 63.5)))
     (f64.store (i32.const 4112) (call $at (i32.const 0) (f64.const -640.5)))
     (f64.store (i32.const 4120) (call $at (i32.const 1) (f64.const 0)))
     (f64.store (i32.const 4128) (call $at (i32.const -3) (f64.const 0)))
     ${last(4140, 0, 2, 5001)} ${last(4144, 0, 2147483647, 61440)} ${last(4148, 0, -1, 6000)} ${last(4152, 0, 0, 65536)}
     ${last(4156, 1, 4, 6000)} ${last(4160, 64, 4, 6000)}`,
    { 0: 'chord', 8: 'kick' },
  )
  tags.values = {
    chord: {
      value: 5,
      frame: 64,
      before: [
        [-640, 1],
        [0, NaN],
      ],
    },
  }
  t.equal(voice.process(block(0)), 'go')
  const memory = memoryOf(voice)
  const floats = (...places: number[]): number[] => places.map((at) => memory.getFloat64(at, true))
  t.deepEqual(floats(4096, 4104, 4112, 4120, 4128), [1, NaN, NaN, NaN, NaN])
  t.deepEqual(
    [4140, 4144, 4148, 4152, 4156, 4160].map((at) => memory.getInt32(at, true)),
    [2, 3, 0, 0, 0, 0],
  )
  t.deepEqual(floats(5001, 5009, 5017, 5025), [0, NaN, 64, 5], 'anywhere in its memory')
  t.deepEqual(floats(61440, 61448, 61456, 61464, 61472, 61480, 61488), [-640, 1, 0, NaN, 64, 5, 0])
  t.equal(memory.getBigUint64(5009, true), 0x7ff8_0000_0000_0000n, 'a NaN with the bits that every NaN has')
  t.equal(memory.getFloat64(6000, true), 0, 'where there is nothing nothing is written')
})

test('tags are set, for a beat or for now, and lines are logged', async (t) => {
  const { voice, tags } = await start(
    `(call $set (i32.const 0) (i32.const 5) (f64.const 3) (f64.const 16))
     (call $set (i32.const 0) (i32.const 5) (f64.const 4) (f64.const nan))
     (call $set_text (i32.const 8) (i32.const 4) (i32.const 16) (i32.const 6) (f64.const -7))
     (call $log (i32.const 32) (i32.const 14))`,
    { 0: 'chord', 8: 'mood', 16: 'g\\c3\\bcnut', 32: 'red\\1b[31m line\\0a' },
  )
  t.equal(voice.process({ ...block(0), beat: 9.5 }), 'go')
  t.deepEqual(tags.writes, [
    { name: 'chord', value: 3, atBeat: 16 },
    { name: 'chord', value: 4, atBeat: 9.5 },
    { name: 'mood', value: 'günut', atBeat: -7 },
  ])
  t.deepEqual(tags.lines, ['red [31m line '], 'control characters do not reach a terminal')
})

test('what is watched is told before the block, and notes are played', async (t) => {
  const store = (at: number, type: string, value: string): string =>
    `(${type}.store (i32.const ${at}) (local.get ${value}))`
  const wat = generatorWat({
    head: IMPORTS,
    init: `(drop (call $open (i32.const 0) (i32.const 5))) (call $watch (call $open (i32.const 8) (i32.const 9)))
      (call $watch (i32.const 0)) (i32.const 0)`,
    process: `(call $note (i32.const 13) (i32.const 4) (f64.const 60.25) (f64.const 1) (f64.const 0) (f64.load (i32.const 4104))) (i32.const 0)`,
    tail: `(data (i32.const 0) "chord") (data (i32.const 8) "note/kick")
      (func (export "mm_event") (param $tag i32) (param $value f64) (param $frame f64)
        ${store(4096, 'i32', '$tag')} ${store(4104, 'f64', '$value')} ${store(4112, 'f64', '$frame')})
      (func (export "mm_note") (param $tag i32) (param $pitch f64) (param $velocity f64) (param $beats f64) (param $frame f64)
        ${store(4200, 'i32', '$tag')} ${store(4208, 'f64', '$pitch')} ${store(4216, 'f64', '$velocity')}
        ${store(4224, 'f64', '$beats')} ${store(4232, 'f64', '$frame')})`,
  })
  const { voice, tags } = startVoice(await assemble(wat))
  t.deepEqual(tags.watched, ['note/kick', 'chord'])
  tags.due.push((listener) => listener.event(100, 7.5, -3))
  tags.due.push((listener) => listener.note(101, 36, 0.75, 0.5, 12))
  t.equal(voice.process(block(0)), 'go')
  const memory = memoryOf(voice)
  const floats = (...places: number[]): number[] => places.map((at) => memory.getFloat64(at, true))
  t.deepEqual([memory.getInt32(4096, true), ...floats(4104, 4112)], [0, 7.5, -3], 'under its own handle')
  t.deepEqual([memory.getInt32(4200, true), ...floats(4208, 4216, 4224, 4232)], [1, 36, 0.75, 0.5, 12])
  t.deepEqual(tags.notes, [['kick', 60.25, 1, 0, 7.5]], 'before the block that plays it')
})

test('runaway code in mm_event and mm_note ends its instance, and nothing more is told', async (t) => {
  const tail = `(func (export "mm_event") (param i32 f64 f64) (loop $l (br $l)))
    (func (export "mm_note") (param i32 f64 f64 f64 f64) (loop $l (br $l)))`
  const module = await assemble(generatorWat({ tail }))
  for (const [where, tell] of [
    ['mm_event', (listener: TagListener) => listener.event(100, 1, 0)],
    ['mm_note', (listener: TagListener) => listener.note(100, 1, 1, 1, 0)],
  ] as const) {
    const { voice, tags } = startVoice(module)
    tags.due.push(tell, tell)
    t.equal(voice.process(block(0)), 'error')
    t.equal(voice.failure?.code, 'GENERATOR_RAN_AWAY')
    t.ok(voice.failure?.message.endsWith(`in ${where}`), voice.failure?.message)
  }
  const silent = startVoice(await assemble(generatorWat()))
  silent.tags.due.push((listener) => listener.event(100, 1, 0))
  t.equal(silent.voice.process(block(0)), 'go', 'who exports neither is told nothing')
})

test('what is wrong is denied, and told in the log', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['(call $set (i32.const 0) (i32.const 5) (f64.const nan) (f64.const 1))', 'a value that is no number'],
    ['(call $set (i32.const 0) (i32.const 5) (f64.const inf) (f64.const 1))', 'an infinite value'],
    ['(call $set (i32.const 0) (i32.const 5) (f64.const 1) (f64.const inf))', 'an infinite beat'],
    ['(call $set (i32.const 8) (i32.const 4) (f64.const 1) (f64.const 1))', 'a name with capitals'],
    ['(call $set (i32.const 0) (i32.const 0) (f64.const 1) (f64.const 1))', 'no name'],
    ['(call $set (i32.const 0) (i32.const 999) (f64.const 1) (f64.const 1))', 'a name of 999 bytes'],
    ['(call $set (i32.const 16) (i32.const 2) (f64.const 1) (f64.const 1))', 'a name that is no UTF-8'],
    [
      '(call $set_text (i32.const 0) (i32.const 5) (i32.const 16) (i32.const 2) (f64.const 1))',
      'a text that is no UTF-8',
    ],
    [
      '(call $set_text (i32.const 0) (i32.const 5) (i32.const 0) (i32.const 1025) (f64.const 1))',
      'a text of 1,025 bytes',
    ],
    ['(call $watch (i32.const 0))', 'a handle that is not open'],
    [`(call $note (i32.const 8) (i32.const 4) ${ONES})`, 'a note of a name with capitals'],
    [`(call $note (i32.const 0) (i32.const 5) (f64.const inf) ${ONES.slice(14)})`, 'a pitch without end'],
    ['(call $note (i32.const 0) (i32.const 5) (f64.const 1) (f64.const 1.01) (f64.const 1) (f64.const 1))', 'too loud'],
    [
      '(call $note (i32.const 0) (i32.const 5) (f64.const 1) (f64.const nan) (f64.const 1) (f64.const 1))',
      'no velocity',
    ],
    ['(call $note (i32.const 0) (i32.const 5) (f64.const 1) (f64.const 1) (f64.const -1) (f64.const 1))', 'too short'],
    ['(call $note (i32.const 0) (i32.const 5) (f64.const 1) (f64.const 1) (f64.const 1) (f64.const -inf))', 'no beat'],
    ['(drop (call $open (i32.const 24) (i32.const 4)))', 'a path that cannot be opened'],
    ['(drop (call $open (i32.const 0) (i32.const 300)))', 'a path of 300 bytes'],
  ]
  for (const [process, what] of cases) {
    const { voice, tags } = await start(process, { 0: 'chord', 8: 'Mood', 16: '\\ff\\fe', 24: 'a//b' })
    for (let n = 0; n < 50; n++) voice.process(block(n * 128))
    t.equal(voice.failure, undefined, `${what} ends nobody`)
    t.deepEqual([tags.writes, tags.notes], [[], []], 'is not set')
    t.equal(tags.lines.length, 8, 'and is told eight times of fifty')
  }
})

test('handles that are not open give nothing, and there are 64', async (t) => {
  const { voice } = await start(
    `(f64.store (i32.const 4096) (call $get (i32.const 0)))
     (f64.store (i32.const 4104) (call $when (i32.const -1)))
     (i32.store (i32.const 4112) (call $text (i32.const 64) (i32.const 0) (i32.const 0)))`,
  )
  voice.process(block(0))
  t.ok(Number.isNaN(memoryOf(voice).getFloat64(4096, true)))
  t.ok(Number.isNaN(memoryOf(voice).getFloat64(4104, true)))
  t.equal(memoryOf(voice).getInt32(4112, true), -1)
  const many = await start(
    `(local $i i32) (loop $l (i32.store8 (i32.const 1) (i32.add (i32.const 48) (local.get $i)))
       (i32.store (i32.const 4096) (call $open (i32.const 0) (i32.const 2)))
       (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64))))
     (i32.store (i32.const 4100) (call $open (i32.const 8) (i32.const 2)))`,
    { 0: 'aa', 8: 'zz' },
  )
  many.voice.process(block(0))
  t.deepEqual(
    [4096, 4100].map((at) => memoryOf(many.voice).getInt32(at, true)),
    [63, -1],
  )
  t.equal(many.tags.opened.length, 64)
})

test('text outside the memory ends the instance, wherever it is named', async (t) => {
  const outside = [
    '(drop (call $open (i32.const 65535) (i32.const 2)))',
    '(drop (call $open (i32.const -1) (i32.const 1)))',
    '(drop (call $text (i32.const 0) (i32.const 65000) (i32.const 600)))',
    '(drop (call $last (i32.const 0) (i32.const 2) (i32.const 65520)))',
    '(drop (call $last (i32.const 63) (i32.const 2147483647) (i32.const 61441)))',
    '(drop (call $last (i32.const 0) (i32.const 1) (i32.const -8)))',
    '(call $set (i32.const 0) (i32.const -1) (f64.const 1) (f64.const 1))',
    '(call $set_text (i32.const 0) (i32.const 1) (i32.const 65536) (i32.const 1) (f64.const 1))',
    '(call $log (i32.const 65536) (i32.const 1))',
    `(call $note (i32.const -4) (i32.const 5) ${ONES})`,
  ]
  for (const process of outside) {
    const { voice } = await start(process, { 0: 'a' })
    t.equal(voice.process(block(0)), 'error', process)
    t.equal(voice.failure?.code, 'GENERATOR_TRAPPED')
  }
  const edge = await start('(call $log (i32.const 65536) (i32.const 0))')
  t.equal(edge.voice.process(block(0)), 'go', 'nothing at its very end is inside')
})
