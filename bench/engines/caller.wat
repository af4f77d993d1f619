;; caller: plays a note on every quarter of a beat, a quarter ahead, and sets pulse with it; silent itself.
(module
  (import "marmalade" "note" (func $note (param i32 i32 f64 f64 f64 f64)))
  (import "marmalade" "tag_set" (func $set (param i32 i32 f64 f64)))
  (memory (export "memory") 1 1)
  (data (i32.const 0) "lead")
  (data (i32.const 8) "pulse")
  ;; The next quarter, counted from the jam's first; none yet.
  (global $next (mut f64) (f64.const -1))

  (func (export "mm_abi") (result i32) (i32.const 1))
  (func (export "mm_init") (param f32 i32 i32 i32) (result i32) (i32.const 0))
  (func (export "mm_output") (result i32) (i32.const 1024))

  (func (export "mm_process") (param i32 f64) (param $beat f64) (param f64 f64 f64) (result i32)
    (local $at f64) (local $pitch f64)
    (if (f64.lt (global.get $next) (f64.const 0))
      (then (global.set $next (f64.add (f64.ceil (f64.mul (local.get $beat) (f64.const 4))) (f64.const 1)))))
    (loop $again
      (local.set $at (f64.mul (global.get $next) (f64.const 0.25)))
      (if (f64.lt (local.get $at) (f64.add (local.get $beat) (f64.const 0.25)))
        (then
          ;; Sevenths of two octaves, round and round.
          (local.set $pitch (f64.mul (global.get $next) (f64.const 7)))
          (local.set $pitch
            (f64.sub (local.get $pitch)
              (f64.mul (f64.floor (f64.div (local.get $pitch) (f64.const 24))) (f64.const 24))))
          (call $note (i32.const 0) (i32.const 4)
            (f64.add (local.get $pitch) (f64.const 40)) (f64.const 0.7) (f64.const 0.25) (local.get $at))
          (call $set (i32.const 8) (i32.const 5) (f64.div (local.get $pitch) (f64.const 24)) (local.get $at))
          (global.set $next (f64.add (global.get $next) (f64.const 1)))
          (br $again))))
    (i32.const 0)))
