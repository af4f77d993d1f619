import test from 'tape'
import type { Command } from '../../lib/jam/index.ts'
import type { GroupRunner } from '../../lib/mix/index.ts'
import { startPool } from '../../lib/mix/node/pool.ts'
import { generatorWat } from '../helpers/generators.ts'
import {
  archiveFrom,
  eventsOf,
  probeWat,
  renderAll,
  setterWat,
  sineWat,
  specOf,
  startAt,
  stopAt,
  type Rendered,
  type TestArchive,
} from '../helpers/mix.ts'

const FRAMES = 128 * 60
/** The block in which those that end do what ends them. */
const BLOCK_OF_END = 20

const LOG = '(import "marmalade" "log" (func $log (param i32 i32)))'
const SET = '(import "marmalade" "tag_set" (func $set (param i32 i32 f64 f64)))'
const NOTE = '(import "marmalade" "note" (func $note (param i32 i32 f64 f64 f64 f64)))'
const ONES = '(f64.const 1) (f64.const 1) (f64.const nan)'
const NAME = '(data (i32.const 0) "flooda")'

/** Does `what` in one block, nothing before and after. */
const once = (what: string, head = '', tail = ''): string =>
  generatorWat({
    head: `${head} (global $n (mut i32) (i32.const 0))`,
    process: `(global.set $n (i32.add (global.get $n) (i32.const 1)))
      (if (i32.eq (global.get $n) (i32.const ${BLOCK_OF_END + 1})) (then ${what})) (i32.const 0)`,
    tail,
  })

/** Runs `body` so many times in every block, `$i` counting. */
const turns = (count: number, body: string, head = '', tail = ''): string =>
  generatorWat({
    head,
    process: `(local $i i32) (local $x f64)
      (loop $l ${body} (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $i) (i32.const ${count})))) (i32.const 0)`,
    tail,
  })

/** Writes a value to all of its output. */
const output = (left: string): string =>
  turns(256, `(f32.store offset=1024 (i32.shl (local.get $i) (i32.const 2)) ${left})`)

interface Hostile {
  readonly what: string
  readonly wat: string
  /** The code it ends with; it goes on where there is none. */
  readonly code?: string
  /** Of its manifest. */
  readonly more?: Record<string, unknown>
}

const HOSTILE: readonly Hostile[] = [
  { what: 'an endless loop', wat: once('(loop $l (br $l))'), code: 'GENERATOR_RAN_AWAY' },
  {
    what: 'memory that it wants and does not have',
    wat: once('(drop (memory.grow (i32.const 60000))) (i32.store (i32.const 65536) (i32.const 1))'),
    code: 'GENERATOR_TRAPPED',
  },
  { what: 'recursion', wat: once('(call $deeper)', '', '(func $deeper (call $deeper))'), code: 'GENERATOR_TRAPPED' },
  {
    what: 'recursion through its table',
    wat: once(
      '(call $deeper)',
      '',
      '(table 1 1 funcref) (elem (i32.const 0) $deeper) (func $deeper (call_indirect (i32.const 0)))',
    ),
    code: 'GENERATOR_TRAPPED',
  },
  {
    what: 'a call of what its table does not hold',
    wat: once('(call_indirect (i32.const 7))', '', '(table 1 1 funcref)'),
    code: 'GENERATOR_TRAPPED',
  },
  {
    what: 'memory.fill for ever',
    wat: once('(loop $l (memory.fill (i32.const 0) (i32.const 255) (i32.const 65536)) (br $l))'),
    code: 'GENERATOR_RAN_AWAY',
  },
  {
    what: 'denormals',
    wat: turns(50_000, '(local.set $x (f64.add (f64.mul (local.get $x) (f64.const 0.9)) (f64.const 4e-324)))'),
  },
  {
    what: 'a flood of tags',
    wat: turns(
      600,
      `(i32.store8 (i32.const 5) (i32.add (i32.const 97) (i32.rem_u (local.get $i) (i32.const 26))))
      (call $set (i32.const 0) (i32.const 6) (f64.convert_i32_u (local.get $i)) (f64.const nan))`,
      SET,
      NAME,
    ),
  },
  {
    what: 'a flood of notes',
    wat: turns(700, `(call $note (i32.const 0) (i32.const 6) (f64.convert_i32_u (local.get $i)) ${ONES})`, NOTE, NAME),
  },
  {
    what: 'a flood of notes that come too late',
    wat: turns(
      700,
      `(call $note (i32.const 0) (i32.const 6) (f64.const 1) (f64.const 1) (f64.const 1) (f64.const 0))`,
      NOTE,
      NAME,
    ),
  },
  {
    what: 'a note with a name outside its memory',
    wat: once(`(call $note (i32.const 65535) (i32.const 2) (f64.const 1) ${ONES})`, NOTE),
    code: 'GENERATOR_TRAPPED',
  },
  {
    what: 'the past of a tag, outside its memory',
    wat: once(
      '(drop (call $last (i32.const 0) (i32.const 256) (i32.const 61441)))',
      '(import "marmalade" "tag_last" (func $last (param i32 i32 i32) (result i32)))',
    ),
    code: 'GENERATOR_TRAPPED',
  },
  {
    what: 'a handle for everything, each change of which makes more',
    wat: turns(
      1,
      '(call $set (i32.const 0) (i32.const 6) (f64.const 1) (f64.const nan))',
      `${SET} (import "marmalade" "tag_open" (func $open (param i32 i32) (result i32)))
      (import "marmalade" "tag_watch" (func $watch (param i32)))`,
      `${NAME} (data (i32.const 8) "*/*/*/*") (func (export "mm_event") (param i32 f64 f64) (local $i i32)
        (call $watch (call $open (i32.const 8) (i32.const 7)))
        (loop $l (call $set (i32.const 0) (i32.const 6) (f64.const 1) (f64.const nan))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20)))))
      (func (export "mm_param") (param i32 f64) (call $watch (call $open (i32.const 8) (i32.const 7))))`,
    ),
    more: { params: [{ name: 'level', min: 0, max: 10, default: 2 }] },
  },
  { what: 'a flood of lines for the log', wat: turns(300, '(call $log (i32.const 0) (i32.const 6))', LOG, NAME) },
  { what: 'silence', wat: generatorWat() },
  { what: 'NaN', wat: output('(f32.const -nan:0x200001)') },
  { what: 'infinity', wat: output('(f32.const inf)') },
  {
    what: 'a full-scale square',
    wat: output('(select (f32.const 1) (f32.const -1) (i32.and (local.get $i) (i32.const 8)))'),
  },
  {
    what: 'a square of 600 dB',
    wat: output('(select (f32.const 1e30) (f32.const -1e30) (i32.and (local.get $i) (i32.const 8)))'),
  },
]

/** Players who mean well: two tones, one that sets a tag ahead and one that hears it. */
async function good(): Promise<{ archives: TestArchive[]; commands: Command[]; names: string[] }> {
  const archives = [
    await archiveFrom(sineWat({ phase: 0.1 })),
    await archiveFrom(setterWat(0.02)),
    await archiveFrom(probeWat('color')),
    await archiveFrom(sineWat({ phase: 0.4, hertz: 440, tail: '(func (export "mm_stop"))' })),
  ]
  const names = ['a', 'b', 'c', 'd']
  const specs = archives.map(({ archive }, at) => specOf(archive, names[at] ?? '', { at: at * 2 }))
  const commands = specs.map((spec, i) => startAt(i * 50, spec))
  return { archives, commands: [...commands, stopAt(5_000, specs[3]!)], names }
}

async function overRunners(render: (runners: GroupRunner[]) => Rendered): Promise<Rendered[]> {
  const made: Rendered[] = []
  for (const threads of [1, 2]) {
    const pool = await startPool(threads)
    try {
      made.push(render(pool))
    } finally {
      await Promise.all(pool.map((runner) => runner.close()))
    }
  }
  return made
}

for (const { what, wat, code, more } of HOSTILE) {
  test(`hostile beside others: ${what}`, async (t) => {
    const { archives, commands, names } = await good()
    const calm = renderAll(archives, commands, FRAMES)
    const hostile = await archiveFrom(wat, more)
    const spec = specOf(hostile.archive, 'z', { at: 3 })
    const all: [TestArchive[], Command[]] = [
      [...archives, hostile],
      [startAt(0, spec), ...commands],
    ]
    const beside = [
      renderAll(...all, FRAMES),
      ...(await overRunners((runners) => renderAll(...all, FRAMES, { runners }))),
    ]
    for (const made of beside) {
      for (const name of names)
        t.deepEqual(made.stems.get(name), calm.stems.get(name), `${name} is the same to the bit`)
      const failures = made.reports.flatMap(({ events }) => events).flatMap((e) => (e.kind === 'failed' ? [e] : []))
      t.deepEqual(
        failures.map(({ frame, failure }) => [frame, failure.code]),
        code === undefined ? [] : [[BLOCK_OF_END * 128, code]],
      )
      t.deepEqual(eventsOf(made), eventsOf(beside[0]!), 'and it ends at the same frame on one thread and on two')
      t.deepEqual(made.left, beside[0]!.left, 'the mix is the same on one thread and on two')
      t.ok(
        made.left.every((x) => Math.abs(x) <= 0.8912353515625),
        'and never above its ceiling',
      )
    }
  })
}
