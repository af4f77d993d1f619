import test from 'tape'
import { checkModule } from '../../../lib/generators/index.ts'
import { DEPTH } from '../../../lib/generators/wasm/budget.ts'
import { SLOTS, STEPS } from '../../../lib/generators/wasm/instrument.ts'
import { STEP, assemble, fixtureBytes, generatorWat, good } from '../../helpers/generators.ts'
import { BUDGET, type Exports, metered, start } from '../../helpers/metered.ts'

test('with its budget a generator gives the very samples it gives without', (t) => {
  for (const name of ['arp', 'bass', 'chords', 'drums']) {
    const plain = fixtureBytes('generators', name, `${name}.wasm`)
    const [a, b] = [start(plain), start(metered(plain))]
    t.notOk(a[STEPS], 'one has no budget')
    let same = true
    let loudest = 0
    for (const exports of [a, b]) {
      if (exports[STEPS]) exports[STEPS].value = BUDGET
      exports.mm_init(48_000, 128, 12, 34)
    }
    const [left, right] = [a, b].map((x) => new Float32Array(x.memory.buffer, x.mm_output(), 256))
    for (let frame = 0; frame < 400 * 128; frame += 128) {
      for (const exports of [a, b]) {
        if (exports[STEPS]) exports[STEPS].value = BUDGET
        exports.mm_process(128, frame, frame * STEP, STEP, (frame * STEP) / 4, 0)
      }
      same &&= Buffer.compare(Buffer.from(left!.slice().buffer), Buffer.from(right!.slice().buffer)) === 0
      for (const sample of left!) loudest = Math.max(loudest, Math.abs(sample))
    }
    t.ok(same, `${name}: 400 blocks are the same to the bit`)
    t.ok(Number.isFinite(loudest), `peak ${loudest}`)
  }
  t.end()
})

test('an exhausted budget traps below zero, and nothing of it can be reached from inside', async (t) => {
  const loops = start(metered(await assemble(generatorWat({ process: '(loop $l (br $l)) (i32.const 0)' }))))
  loops[STEPS]!.value = 1_000
  t.throws(() => loops.mm_process(1, 0, 0, 0, 0, 0), WebAssembly.RuntimeError)
  t.ok(loops[STEPS]!.value < 0)
  t.throws(() => loops.mm_output(), WebAssembly.RuntimeError, 'nor does it go on')
  const named = generatorWat({ tail: `(global (export "${STEPS}") (mut i32) (i32.const 1)) (func (export "more"))` })
  const own = start(metered(await assemble(named)))
  own[STEPS]!.value = 100
  own.mm_output()
  t.ok(own[STEPS]!.value < 100, 'its own export of that name is not the one')
  t.deepEqual(
    Object.keys(own).toSorted(),
    [SLOTS, STEPS, 'memory', 'mm_abi', 'mm_init', 'mm_output', 'mm_process'].toSorted(),
    'exports that the ABI does not know are gone',
  )
})

test('memory.grow is answered without growing', async (t) => {
  const grow = generatorWat({
    process: `(i32.store (i32.const 1024) (memory.grow (i32.const 0)))
      (i32.store (i32.const 1028) (memory.grow (i32.const 1)))
      (i32.store (i32.const 1032) (memory.grow (i32.const -1)))
      (i32.store (i32.const 1036) (memory.size)) (i32.const 0)`,
  })
  const exports = start(metered(await assemble(grow)))
  const out = new Int32Array(exports.memory.buffer, 1024, 4)
  exports[STEPS]!.value = 1_000
  exports.mm_process(1, 0, 0, 0, 0, 0)
  t.deepEqual([...out], [1, -1, -1, 1], 'and what looks at the memory from outside still sees it')
})

test('what is never reached cannot weigh so much that it would give steps back', async (t) => {
  const head = '(import "marmalade" "log" (func (param i32 i32)))'
  const tail = `(func unreachable ${'call 0 '.repeat(60_000)})`
  const { parsed } = good(checkModule(await assemble(generatorWat({ head, tail }))))
  t.equal(Math.max(...parsed.bodies.map(({ weight }) => weight)), 2 ** 30)
  t.end()
})

/** Where modules leave what is looked at. */
const RESULTS = 2048

test('the bits of a NaN are the same whatever made it', async (t) => {
  const wat = generatorWat({
    process: `(local $a f32) (local $b f64) (local $one i32) (local.set $one (i32.const 1))
      (local.set $a (f32.div (f32.const 0) (f32.const 0))) (local.set $b (f64.div (f64.const 0) (f64.const 0)))
      (f32.store (i32.const ${RESULTS}) (local.get $a))
      (f32.store (i32.const ${RESULTS + 4}) (f32.neg (local.get $a)))
      (f32.store (i32.const ${RESULTS + 8}) (f32.reinterpret_i32 (i32.const 0xffa00001)))
      (i32.store (i32.const ${RESULTS + 12}) (i32.reinterpret_f32 (f32.reinterpret_i32 (i32.const 0xffffffff))))
      (f32.store (i32.const ${RESULTS + 16}) (f32.copysign (f32.const 2) (f32.reinterpret_i32 (i32.const 0xffc00000))))
      (f64.store (i32.const ${RESULTS + 24}) (f64.neg (local.get $b)))
      (i64.store (i32.const ${RESULTS + 32}) (i64.reinterpret_f64 (f64.reinterpret_i64 (i64.const 0xfff0000000000001))))
      (f64.store (i32.const ${RESULTS + 40}) (f64.copysign (f64.const 3) (f64.reinterpret_i64 (i64.const -1))))
      (f32.store (i32.const ${RESULTS + 48}) (f32.const -nan:0x200001))
      (i32.store (i32.const ${RESULTS + 52}) (i32.reinterpret_f32 (f32.const -nan:0x200001)))
      (f64.store offset=${RESULTS + 56} align=4 (i32.const 0) (f64.const -nan))
      (f32.store (i32.const ${RESULTS + 64})
        (if (result f32) (local.get $one) (then (f32.neg (local.get $a))) (else (f32.const 1))))
      (f32.store (i32.const ${RESULTS + 68})
        (block (result f32) (drop (br_if 0 (f32.neg (local.get $a)) (local.get $one))) (f32.const 1)))
      (i32.const 0)`,
  })
  const { exports, memory } = ran(await assemble(wat))
  const words = (at: number): string => memory.getUint32(at, true).toString(16)
  t.deepEqual(
    [0, 4, 8, 12, 48, 52, 64, 68].map((at) => words(RESULTS + at)),
    new Array(8).fill('7fc00000'),
  )
  t.equal(memory.getBigUint64(RESULTS + 56, true), 0x7ff8000000000000n, 'of a constant, by offset')
  t.equal(memory.getFloat32(RESULTS + 16, true), 2, 'a NaN has no sign to be copied')
  t.equal(memory.getBigUint64(RESULTS + 24, true), 0x7ff8000000000000n)
  t.equal(memory.getBigUint64(RESULTS + 32, true), 0x7ff8000000000000n)
  t.equal(memory.getFloat64(RESULTS + 40, true), 3)
  t.ok(exports)
})

test('what is no NaN keeps its bits', async (t) => {
  const wat = (bits: string): string =>
    generatorWat({
      process: `(f32.store (i32.const ${RESULTS}) (f32.reinterpret_i32 (i32.const ${bits})))
        (i32.store (i32.const ${RESULTS + 4}) (i32.reinterpret_f32 (f32.reinterpret_i32 (i32.const ${bits}))))
        (f32.store (i32.const ${RESULTS + 8}) (f32.copysign (f32.const 1) (f32.reinterpret_i32 (i32.const ${bits}))))
        (f64.store (i32.const ${RESULTS + 16}) (f64.reinterpret_i64 (i64.shl (i64.const ${bits}) (i64.const 32))))
        (i32.const 0)`,
    })
  for (const bits of [
    '0x00000000',
    '0x80000000',
    '0x00000001',
    '0x807fffff',
    '0x3f800000',
    '0x7f800000',
    '0xff800000',
    '0x7f7fffff',
  ]) {
    const { memory } = ran(await assemble(wat(bits)))
    t.deepEqual(
      [0, 4].map((at) => memory.getUint32(RESULTS + at, true)),
      [Number(bits), Number(bits)],
      bits,
    )
    t.equal(memory.getFloat32(RESULTS + 8, true), Number(bits) < 2 ** 31 ? 1 : -1, 'its sign')
    t.equal(memory.getBigUint64(RESULTS + 16, true), BigInt(bits) << 32n)
  }
})

function ran(bytes: Uint8Array): { exports: Exports; memory: DataView } {
  const exports = start(metered(bytes))
  exports[STEPS]!.value = BUDGET
  exports.mm_process(1, 0, 0, 0, 0, 0)
  return { exports, memory: new DataView(exports.memory.buffer) }
}

/** How deep a function of these locals goes into itself before it traps, by what it counts in memory. */
async function depthOf(locals: string): Promise<{ depth: number; slots: number }> {
  const wat = generatorWat({
    process: '(call $deeper) (i32.const 0)',
    tail: `(func $deeper ${locals} (i32.store (i32.const ${RESULTS}) (i32.add (i32.load (i32.const ${RESULTS})) (i32.const 1)))
      (call $deeper))`,
  })
  const exports = start(metered(await assemble(wat)))
  exports[STEPS]!.value = BUDGET
  try {
    exports.mm_process(1, 0, 0, 0, 0, 0)
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error
  }
  return { depth: new DataView(exports.memory.buffer).getUint32(RESULTS, true), slots: exports[SLOTS]!.value }
}

test('calls go as deep as their frames allow, and no deeper, whatever the stack of the machine', async (t) => {
  // 16, no locals, 3 operands, 17 bytes of code an eighth of which is 2; mm_process itself: 16 + 6 + 1 + 0.
  const small = await depthOf('')
  t.equal(small.depth, Math.floor((DEPTH - 23) / 21))
  t.ok(small.slots < 0)
  t.equal((await depthOf('(local i64)')).depth, Math.floor((DEPTH - 23) / 22), 'a local more is a slot more')
  const large = await depthOf(`(local ${'f64 '.repeat(2_000)})`)
  t.equal(large.depth, Math.floor((DEPTH - 23) / 2_021))
})

test('the frames of calls that came back are free again', async (t) => {
  const wat = generatorWat({
    process: `(local $i i32)
      (loop $l (call $pair) drop drop (drop (call $early (local.get $i))) (call_indirect (i32.const 0))
        (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 100))))
      (i32.const 0)`,
    tail: `(table 1 1 funcref) (elem (i32.const 0) $calls)
      (func $nothing) (func $calls (call $nothing))
      (func $pair (result i32 i64) (call $nothing) (i32.const 1) (i64.const 2))
      (func $early (param i32) (result i32) (call $nothing)
        (block (br_if 0 (i32.and (local.get 0) (i32.const 1))) (return (i32.const 3)))
        (block (br 1 (i32.const 4))) (i32.const 5))`,
  })
  const { exports } = ran(await assemble(wat))
  t.equal(exports[SLOTS]!.value, DEPTH)
})
