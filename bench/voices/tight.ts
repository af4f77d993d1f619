/** Loops that do next to nothing: what a turn does, beside counting. They show what the step budget costs at the worst. */
export const TIGHT: Readonly<Record<string, string>> = {
  arithmetic: '(local.set $x (i32.xor (local.get $x) (i32.shl (local.get $i) (i32.const 3))))',
  load: '(local.set $x (i32.add (local.get $x) (i32.load (i32.and (local.get $i) (i32.const 0xfffc)))))',
  store: '(i32.store (i32.and (local.get $i) (i32.const 0xfffc)) (local.get $i))',
}

/** Turns of the loop in each block. */
export const TURNS = 100_000

/** A generator that goes through a loop in each block, and is silent. */
export const tightWat = (turn: string): string => `(module
  (memory (export "memory") 2 2)
  (func (export "mm_abi") (result i32) (i32.const 1))
  (func (export "mm_output") (result i32) (i32.const 65536))
  (func (export "mm_init") (param f32 i32 i32 i32) (result i32) (i32.const 0))
  (func (export "mm_process") (param i32 f64 f64 f64 f64 f64) (result i32)
    (local $i i32) (local $x i32)
    (loop $next
      ${turn}
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${TURNS}))))
    (i32.store (i32.const 66560) (local.get $x))
    (i32.const 0)))`
