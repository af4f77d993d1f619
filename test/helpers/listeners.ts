import { generatorWat } from './generators.ts'
import type { Rendered } from './mix.ts'

const LEFT = 1024
/** Where texts lie, and what was heard and has not been written out. */
const TEXTS = 2048
const QUEUE = 8192

/** Data and operands of texts, one after another. */
function texts(all: readonly string[]): { data: string; args: string[] } {
  let at = TEXTS
  const placed = all.map((text) => {
    const from = at
    at += text.length
    return { data: `(data (i32.const ${from}) "${text}")`, args: `(i32.const ${from}) (i32.const ${text.length})` }
  })
  return { data: placed.map(({ data }) => data).join(' '), args: placed.map(({ args }) => args) }
}

/**
 * Watches paths and writes what it is told to its right side, a number a frame, for `heardBy`; to its left 2 where there is a
 * number, and 1 more where a block begins. `more` is WAT that `mm_note` does besides, with `$tag $pitch $velocity $beats $frame`.
 */
export function listenerWat(
  paths: readonly string[],
  more: { head?: string; note?: string; tail?: string } = {},
): string {
  const { data, args } = texts(paths)
  const push = (...values: string[]): string => values.map((value) => `(call $push ${value})`).join(' ')
  return generatorWat({
    head: `(import "marmalade" "tag_open" (func $open (param i32 i32) (result i32)))
      (import "marmalade" "tag_watch" (func $watch (param i32))) ${more.head ?? ''}
      (global $from (mut i32) (i32.const ${QUEUE})) (global $to (mut i32) (i32.const ${QUEUE}))`,
    init: `${args.map((path) => `(call $watch (call $open ${path}))`).join(' ')} (i32.const 0)`,
    process: `(local $i i32) (memory.fill (i32.const ${LEFT}) (i32.const 0) (i32.const 1024))
      (f32.store (i32.const ${LEFT}) (f32.const 1))
      (block $done (loop $next
        (br_if $done (i32.eq (global.get $from) (global.get $to)))
        (br_if $done (i32.eq (local.get $i) (local.get $frames)))
        (f32.store offset=${LEFT} (i32.shl (local.get $i) (i32.const 2)) (select (f32.const 2) (f32.const 3) (local.get $i)))
        (f32.store offset=${LEFT + 512} (i32.shl (local.get $i) (i32.const 2)) (f32.load (global.get $from)))
        (global.set $from (i32.add (global.get $from) (i32.const 4)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
      (i32.const 0)`,
    tail: `${data} ${more.tail ?? ''}
      (func $push (param f64)
        (f32.store (global.get $to) (f32.demote_f64 (local.get 0)))
        (global.set $to (i32.add (global.get $to) (i32.const 4))))
      (func (export "mm_event") (param $tag i32) (param $value f64) (param $frame f64)
        ${push('(f64.const 1)', '(f64.convert_i32_s (local.get $tag))', '(local.get $value)', '(f64.const 0)', '(f64.const 0)', '(local.get $frame)')})
      (func (export "mm_note") (param $tag i32) (param $pitch f64) (param $velocity f64) (param $beats f64) (param $frame f64)
        ${push('(f64.const 2)', '(f64.convert_i32_s (local.get $tag))', '(local.get $pitch)', '(local.get $velocity)', '(local.get $beats)', '(local.get $frame)')}
        ${more.note ?? ''})`,
  })
}

/** What a listener was told: `event` with handle, value and frame, `note` with handle, pitch, velocity, beats and frame. */
export type Heard =
  readonly ['event', number, number, number] | readonly ['note', number, number, number, number, number]

/** What an instance made of `listenerWat` was told, in order. */
export function heardBy({ stems }: Rendered, name: string): Heard[] {
  const stem = stems.get(name)
  const numbers = [...(stem?.rawRight ?? [])].filter((_, frame) => (stem?.rawLeft[frame] ?? 0) >= 2)
  return Array.from({ length: numbers.length / 6 }, (_, n): Heard => {
    const [kind, tag = 0, a = 0, b = 0, c = 0, frame = 0] = numbers.slice(6 * n, 6 * n + 6)
    return kind === 1 ? ['event', tag, a, frame] : ['note', tag, a, b, c, frame]
  })
}

/** Where its blocks began. */
export const blocksOf = ({ stems }: Rendered, name: string): number[] =>
  [...(stems.get(name)?.rawLeft ?? [])].flatMap((x, frame) => (x % 2 === 1 ? [frame] : []))

export type PlayedNote = readonly [pitch: number, velocity: number, beats: number, atBeat: number]

/** Plays notes of a name in one of its blocks, the first if nothing is said, silent itself. */
export function playerWat(name: string, notes: readonly PlayedNote[], block = 0): string {
  const { data, args } = texts([name])
  const play = (note: PlayedNote): string =>
    `(call $note ${String(args[0])} ${note.map((x) => `(f64.const ${Number.isNaN(x) ? 'nan' : x})`).join(' ')})`
  return generatorWat({
    head: `(import "marmalade" "note" (func $note (param i32 i32 f64 f64 f64 f64))) (global $blocks (mut i32) (i32.const 0))`,
    process: `(if (i32.eq (global.get $blocks) (i32.const ${block})) (then ${notes.map(play).join(' ')}))
      (global.set $blocks (i32.add (global.get $blocks) (i32.const 1))) (i32.const 0)`,
    tail: data,
  })
}
