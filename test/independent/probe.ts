import { generatorWat } from '../helpers/generators.ts'

const PATHS = ['chord', 'jam/bar', 'jam/beat', 'jam/players', 'jam/tempo', '*/mute/*/probed']
const NUMBERS = ['frame', 'beat', 'step', 'bar', 'start', 'hash']
const SPACE = 32
const opened = PATHS.map((path, i) => `(drop (call $open (i32.const ${SPACE * i}) (i32.const ${path.length})))`)
const texts = PATHS.map((path, i) => `(data (i32.const ${SPACE * i}) "${path}")`)
const reads = PATHS.map((_, i) => `(call $add (call $get (i32.const ${i}))) (call $add (call $since (i32.const ${i})))`)
const bitsOf = (name: string): string =>
  name === 'hash' ? '(global.get $hash)' : `(i64.reinterpret_f64 (local.get $${name}))`
const shown = NUMBERS.map(
  (name, i) => `
    (if (i32.and (i32.ne (global.get $left) (i32.const 0)) (i32.eq (i32.rem_u (global.get $i) (i32.const 6)) (i32.const ${i})))
      (then (call $put (i32.const 1536) (call $bits ${bitsOf(name)}))))`,
)

/**
 * A generator that says what it is told. Left a sum over all calls in their order, with parameters, the seed, and tags with their
 * frames; right 24 bits each, in turn, of the numbers of the block and of all values of parameters so far. After a stop it goes on
 * for 60 blocks, then it is silent.
 */
export const probeWat = (stops: boolean): string =>
  generatorWat({
    head: `
      (import "marmalade" "tag_open" (func $open (param i32 i32) (result i32)))
      (import "marmalade" "tag_get" (func $get (param i32) (result f64)))
      (import "marmalade" "tag_frame" (func $since (param i32) (result f64)))
      (import "marmalade" "tag_set" (func $set (param i32 i32 f64 f64)))
      (global $sum (mut f64) (f64.const 0)) (global $hash (mut i64) (i64.const 0))
      (global $i (mut i32) (i32.const 0)) (global $left (mut i32) (i32.const -1))
      (func $add (param $x f64)
        (global.set $sum (f64.add (f64.mul (global.get $sum) (f64.const 0.75))
          (select (local.get $x) (f64.const -1) (f64.eq (local.get $x) (local.get $x))))))
      (func $note (param $x f64)
        (global.set $hash (i64.xor (i64.rotl (global.get $hash) (i64.const 7)) (i64.reinterpret_f64 (local.get $x)))))
      (func $bits (param $x i64) (result f32)
        (f32.convert_i32_u (i32.and (i32.wrap_i64 (local.get $x)) (i32.const 0xffffff))))
      (func $put (param $side i32) (param $x f32)
        (f32.store (i32.add (local.get $side) (i32.shl (global.get $i) (i32.const 2))) (local.get $x)))
      ${texts.join('\n')} (data (i32.const 480) "probed")`,
    init: `
      (call $add (f64.convert_i32_s (local.get 2))) (call $add (f64.convert_i32_s (local.get 3)))
      ${opened.join('\n')} (i32.const 0)`,
    process: `
      ${reads.join('\n')} (call $add (f64.convert_i32_s (local.get $frames)))
      ${stops ? '' : '(call $set (i32.const 480) (i32.const 6) (global.get $sum) (f64.add (local.get $beat) (f64.const 0.01)))'}
      (if (i32.gt_s (global.get $left) (i32.const 0))
        (then (global.set $left (i32.sub (global.get $left) (i32.const 1)))))
      (global.set $i (i32.const 0))
      (loop $next
        (call $put (i32.const 1024) (select (f32.const 0) (f32.demote_f64 (global.get $sum)) (i32.eqz (global.get $left))))
        (call $put (i32.const 1536) (f32.const 0)) ${shown.join('')}
        (global.set $i (i32.add (global.get $i) (i32.const 1)))
        (br_if $next (i32.lt_s (global.get $i) (local.get $frames))))
      (i32.ge_s (global.get $left) (i32.const 0))`,
    tail: `
      (func (export "mm_param") (param i32 f64)
        (call $add (f64.convert_i32_s (local.get 0))) (call $add (local.get 1)) (call $note (local.get 1)))
      ${stops ? '(func (export "mm_stop") (call $add (f64.const 1000)) (global.set $left (i32.const 60)))' : ''}`,
  })

/** A generator that is done in its 20th block; what it writes is too loud, no number, or next to nothing. */
export const briefWat = (): string =>
  generatorWat({
    head: '(global $blocks (mut i32) (i32.const 0))',
    process: `
      (global.set $blocks (i32.add (global.get $blocks) (i32.const 1)))
      (f32.store (i32.const 1024) (f32.mul (f32.const -0.3) (f32.convert_i32_u (i32.and (global.get $blocks) (i32.const 3)))))
      (f32.store (i32.const 1100) (f32.const 40)) (f32.store (i32.const 1104) (f32.const nan))
      (f32.store (i32.const 1536) (f32.const -1e-45)) (f32.store (i32.const 1900) (f32.convert_i32_u (global.get $blocks)))
      (select (i32.const 0) (i32.const 2) (i32.lt_u (global.get $blocks) (i32.const 20)))`,
  })
