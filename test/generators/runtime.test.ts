import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import test from 'tape'
import { hasCode } from '../../lib/base/index.ts'
import { type PreparedGenerator, type Voice, prepareGenerator, wasmRuntime } from '../../lib/generators/index.ts'
import {
  TestTags,
  archiveOf,
  assemble,
  block,
  codeOf,
  fixtureBytes,
  generatorWat,
  good,
  run,
  startVoice,
} from '../helpers/generators.ts'

const LOOP = '(loop $l (br $l))'

test('a voice lives: parameters, blocks, its tail, its end', async (t) => {
  const wat = generatorWat({
    head: '(global $value (mut f64) (f64.const 0)) (global $left (mut i32) (i32.const -1))',
    process: `(f32.store (i32.const 1024) (f32.demote_f64 (global.get $value)))
      (if (i32.lt_s (global.get $left) (i32.const 0)) (then (return (i32.const 0))))
      (global.set $left (i32.sub (global.get $left) (i32.const 1)))
      (if (result i32) (i32.eqz (global.get $left)) (then (i32.const 2)) (else (i32.const 1)))`,
    tail: `(func (export "mm_param") (param i32 f64)
        (global.set $value (f64.add (local.get 1) (f64.convert_i32_s (local.get 0)))))
      (func (export "mm_stop") (global.set $left (i32.const 3)))`,
  })
  const { voice } = startVoice(await assemble(wat))
  t.equal(voice.kind, 'wasm')
  t.equal(voice.left.length, 128)
  voice.param(3, 0.25)
  t.equal(voice.process(block(0)), 'go')
  t.equal(voice.left[0], 3.25)
  t.equal(voice.stop(), true)
  t.deepEqual(
    [1, 2, 3, 4].map((n) => voice.process(block(n * 128))),
    ['tail', 'tail', 'done', 'done'],
  )
  t.equal(voice.failure, undefined, 'an end is no failure')
  t.equal(voice.left[0], 3.25, 'its last samples are still there to be faded')
  voice.close()
  voice.close()
  t.equal(voice.process(block(0)), 'done')
  t.equal(voice.left.length, 128, 'silence of the right length')
})

test('one without mm_stop and mm_param is faded by the mix', async (t) => {
  const { voice } = startVoice(await assemble(generatorWat()))
  voice.param(0, 1)
  t.equal(voice.stop(), false)
  t.equal(voice.process(block(0)), 'go', 'and goes on meanwhile')
})

test('a generator is told what the contract says', async (t) => {
  const wat = generatorWat({
    init: `(f32.store (i32.const 1040) (local.get 0)) (i32.store (i32.const 1044) (local.get 1))
      (i32.store (i32.const 1048) (local.get 2)) (i32.store (i32.const 1052) (local.get 3)) (i32.const 0)`,
    process: `(f32.store (i32.const 1024) (f32.convert_i32_s (local.get $frames)))
      (f64.store (i32.const 1104) (local.get $frame)) (f64.store (i32.const 1112) (local.get $beat))
      (f64.store (i32.const 1120) (local.get $step)) (f64.store (i32.const 1128) (local.get $bar))
      (f64.store (i32.const 1136) (local.get $start)) (f32.store (i32.const 1536) (f32.const 7)) (i32.const 0)`,
  })
  const { voice } = startVoice(await assemble(wat), { seed: [-5, 2_000_000_000] })
  const position = { frames: 77, frame: 1e9, beat: 1_234.5, beatsPerFrame: 4e-5, bar: 308.625, startBeat: 12 }
  t.equal(voice.process(position), 'go')
  const memory = new DataView(voice.left.buffer)
  t.equal(memory.getFloat32(1040, true), 48_000)
  t.deepEqual(
    [1044, 1048, 1052].map((at) => memory.getInt32(at, true)),
    [128, -5, 2_000_000_000],
  )
  t.equal(voice.left[0], 77)
  t.deepEqual(
    [1104, 1112, 1120, 1128, 1136].map((at) => memory.getFloat64(at, true)),
    [1e9, 1_234.5, 4e-5, 308.625, 12],
  )
  t.equal(voice.right[0], 7, 'right lies 128 floats behind left')
  for (const frames of [0, 129, 1.5, NaN]) {
    t.throws(
      () => voice.process({ ...position, frames }),
      (error: unknown) => hasCode(error, 'INTERNAL'),
      `${frames} frames`,
    )
  }
  t.equal(voice.process({ ...position, beat: NaN, beatsPerFrame: Infinity, bar: -Infinity }), 'go', 'whatever the beat')
})

test('what comes out is what the generator wrote', async (t) => {
  const wat = generatorWat({
    process: '(f32.store (i32.const 1024) (f32.const nan)) (f32.store (i32.const 1028) (f32.const inf)) (i32.const 0)',
  })
  const { voice } = startVoice(await assemble(wat))
  t.equal(voice.process(block(0)), 'go', 'NaN ends nobody: the mix takes it out')
  t.ok(Number.isNaN(voice.left[0]))
  t.equal(voice.left[1], Infinity)
})

test('runaway code in parameters and stops ends its instance', async (t) => {
  const inParam = startVoice(
    await assemble(generatorWat({ tail: `(func (export "mm_param") (param i32 f64) ${LOOP})` })),
  ).voice
  inParam.param(0, 1)
  t.equal(inParam.failure?.code, 'GENERATOR_RAN_AWAY')
  t.equal(inParam.process(block(0)), 'error')
  inParam.param(0, 1)
  const inStop = startVoice(await assemble(generatorWat({ tail: `(func (export "mm_stop") ${LOOP})` }))).voice
  t.equal(inStop.stop(), false)
  t.equal(inStop.failure?.code, 'GENERATOR_RAN_AWAY')
  t.match(inStop.failure?.message ?? '', /mm_stop/)
})

test('nothing of a budget is carried over', async (t) => {
  const most =
    '(local $i i32) (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 400000)))) (i32.const 0)'
  const { voice } = startVoice(await assemble(generatorWat({ process: most })))
  t.equal(run(voice, 20).status, 'go', 'twenty blocks of more than half the budget each')
})

test('a prepared generator goes to another thread and starts there as here', (t) => {
  const prepared = good(prepareGenerator(archiveOf(fixtureBytes('clapper', 'clapper.wasm'))))
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(prepared)
  const received = receiveMessageOnPort(port2) as { message: PreparedGenerator }
  port1.close()
  const start = (of: PreparedGenerator): Voice =>
    wasmRuntime.start(of, { seed: [1, 2], sampleRate: 48_000, tags: new TestTags() })
  t.deepEqual(run(start(received.message), 300).left, run(start(prepared), 300).left)
  t.equal(received.message.manifest.name, 'test')
  t.end()
})

test('what cannot be prepared is refused', async (t) => {
  const wasm = await assemble(generatorWat())
  t.equal(codeOf(prepareGenerator(new Uint8Array(9))), 'ARCHIVE_CORRUPT')
  t.equal(codeOf(prepareGenerator(archiveOf(wasm, { entry: 'other.wasm' }))), 'GENERATOR_ENTRY_MISSING')
  t.equal(codeOf(prepareGenerator(archiveOf(wasm, { name: 'No Name' }))), 'MANIFEST_INVALID')
  t.equal(codeOf(prepareGenerator(archiveOf(wasm, { runtime: 'process' }))), 'GENERATOR_NOT_ALLOWED')
  t.equal(
    codeOf(prepareGenerator(archiveOf(wasm, { runtime: 'pattern', entry: 'test.wasm' }))),
    'GENERATOR_ENTRY_MISSING',
  )
})
