import test from 'tape'
import { STEPS } from '../../../lib/generators/wasm/instrument.ts'
import { assemble, generatorWat } from '../../helpers/generators.ts'
import { metered, start, stepsOf } from '../../helpers/metered.ts'

test('a loop pays for each turn, a call for each call, an import its price', async (t) => {
  const turns = (n: number): string =>
    generatorWat({
      process: `(local $i i32) (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $i) (i32.const ${n})))) (i32.const 0)`,
    })
  const one = await stepsOf(turns(1))
  const turn = (await stepsOf(turns(2))) - one
  t.ok(turn >= 8, `${turn} steps a turn of 8 instructions`)
  t.equal((await stepsOf(turns(1_001))) - one, 1_000 * turn)
  const nested = (n: number, m: number): string =>
    generatorWat({
      process: `(local $i i32) (local $k i32)
        (loop $outer (local.set $k (i32.const 0))
          (loop $inner (local.set $k (i32.add (local.get $k) (i32.const 1)))
            (br_if $inner (i32.lt_u (local.get $k) (i32.const ${m}))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $outer (i32.lt_u (local.get $i) (i32.const ${n})))) (i32.const 0)`,
    })
  const [a, b, c] = [await stepsOf(nested(1, 1)), await stepsOf(nested(1, 2)), await stepsOf(nested(2, 1))]
  t.equal(await stepsOf(nested(30, 40)), a + (c - a) * 29 + (b - a) * 30 * 39, 'loops in loops')
  const calls = (n: number): string =>
    generatorWat({ process: `${'(call $f)'.repeat(n)} (i32.const 0)`, tail: '(func $f (nop))' })
  const call = (await stepsOf(calls(1))) - (await stepsOf(calls(0)))
  t.equal((await stepsOf(calls(10))) - (await stepsOf(calls(0))), 10 * call)
  const log = generatorWat({
    head: '(import "marmalade" "log" (func $log (param i32 i32)))',
    process: '(call $log (i32.const 0) (i32.const 0)) (i32.const 0)',
  })
  t.ok((await stepsOf(log)) >= 20_000, 'a line of log')
})

test('a bulk operation pays by its length', async (t) => {
  const fill = (n: number): string =>
    generatorWat({ process: `(memory.fill (i32.const 0) (i32.const 1) (i32.const ${n})) (i32.const 0)` })
  t.equal((await stepsOf(fill(65_536))) - (await stepsOf(fill(0))), 4_096, 'one step for 16 bytes')
  const copy = (n: number): string =>
    generatorWat({ process: `(memory.copy (i32.const 0) (i32.const 0) (i32.const ${n})) (i32.const 0)` })
  t.equal((await stepsOf(copy(65_536))) - (await stepsOf(copy(0))), 4_096)
  const init = (n: number): string =>
    generatorWat({
      process: `(memory.init $d (i32.const 0) (i32.const 0) (i32.const ${n})) (data.drop $d) (i32.const 0)`,
      tail: `(data $d "${'x'.repeat(320)}")`,
    })
  t.equal((await stepsOf(init(320))) - (await stepsOf(init(0))), 20)
})

test('a tight loop keeps its steps to itself, and whoever reads them finds them right', async (t) => {
  const loop = (turns: number, more = ''): string =>
    `(local.set $i (i32.const 0))
     (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) ${more}
       (br_if $l (i32.lt_u (local.get $i) (i32.const ${turns}))))`
  const turn = 5 + 8
  const steps = (process: string, tail = ''): Promise<number> =>
    stepsOf(generatorWat({ process: `(local $i i32) ${process}`, tail }))
  const code = (turns: number, after: string): string => `${loop(turns)} ${after}`
  const zero = '(i32.const 0)'
  for (const [what, after, tail] of [
    ['its end', zero],
    ['a return', `(if (local.get $i) (then (return ${zero}))) ${zero}`],
    ['a branch to the function', `(drop (br_if 0 ${zero} (local.get $i))) (i32.const 3)`],
    ['a bulk operation', `(memory.fill ${zero} ${zero} (i32.const 320)) ${loop(1)} ${zero}`],
    ['a call', `(call $f) ${loop(1)} ${zero}`, '(func $f (nop))'],
    [
      'two results',
      `(call $f) drop drop ${zero}`,
      `(func $f (result i32 i64) (local $i i32) ${loop(3)} ${zero} (i64.const 1))`,
    ],
    [
      'a call of itself',
      `(call $f (i32.const 4)) ${zero}`,
      `(func $f (param $n i32) (local $i i32)
      (if (local.get $n) (then (call $f (i32.sub (local.get $n) (i32.const 1))))) ${loop(2)})`,
    ],
  ] as const)
    t.equal((await steps(code(101, after), tail)) - (await steps(code(1, after), tail)), 100 * turn, `until ${what}`)
  const calling = (turns: number): Promise<number> =>
    steps(`${loop(turns, '(call $f)')} ${zero}`, `(func $f (local $i i32) ${loop(2)})`)
  t.equal((await calling(11)) - (await calling(1)), 10 * (turn + 5 + 5 + 2 + 2 * turn), 'with calls in it')

  const trapped = start(
    metered(await assemble(generatorWat({ process: `(local $i i32) ${loop(100, 'unreachable')} ${zero}` }))),
  )
  trapped[STEPS]!.value = 1_000
  t.throws(() => trapped.mm_process(1, 0, 0, 0, 0, 0), WebAssembly.RuntimeError)
  t.ok(trapped[STEPS]!.value >= 0, 'a trap of its own in it is no runaway')
  const last = start(metered(await assemble(generatorWat({ process: `(local $i i32) ${loop(100)} ${zero}` }))))
  const needed = await steps(`${loop(100)} ${zero}`)
  last[STEPS]!.value = needed
  t.equal(last.mm_process(1, 0, 0, 0, 0, 0), 0, 'the very last step is its own')
  t.equal(last[STEPS]!.value, 0)
  last[STEPS]!.value = needed - 1
  t.throws(() => last.mm_process(1, 0, 0, 0, 0, 0), WebAssembly.RuntimeError)
  t.equal(last[STEPS]!.value, -1)
})
