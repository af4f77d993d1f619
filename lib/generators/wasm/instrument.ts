import { utf8 } from '../../base/index.ts'
import { I32 } from './abi.ts'
import type { CheckedModule } from './check.ts'
import type { Body, Charge, Edit, ParsedModule } from './module.ts'
import { BULK_SHIFT } from './opcodes.ts'
import { Writer } from './writer.ts'

/** Export under which the module's budget is set before each call and read after it; the only one it has beside the ABI's. */
export const STEPS = 'marmalade_steps'

const CALL = 0x10
const GET_LOCAL = 0x20
const TEE_LOCAL = 0x22
const GET_GLOBAL = 0x23
const SET_GLOBAL = 0x24
const CONST = 0x41
const LESS_THAN = 0x48
const SUB = 0x6b
const SHIFT_RIGHT = 0x76
const END = 0x0b
/** if, nothing on the stack, unreachable, end. */
const TRAP_IF = [0x04, 0x40, 0x00, END]
/** Zero pages more are the size as it is; anything else is refused: minimum and maximum are one. */
const answerGrow = (pages: number): Uint8Array =>
  new Writer().bytes([0x45, 0x04, I32, CONST]).i32(pages).bytes([0x05, CONST]).i32(-1).byte(END).done()
/** memory.grow and its memory. */
const GROW_LENGTH = 2

/**
 * The module again, with a step budget: a global of 32 bits that each function entry and each turn of a loop lowers by
 * the weight of what it leads to, and each bulk memory operation by its length, and that traps as it falls below zero.
 * One type, one function, one global and one local a function are appended at the ends of their index spaces, so that
 * nothing else shifts. Custom sections and exports that the ABI does not know are left out.
 */
export function instrument({ parsed, pages }: CheckedModule): Uint8Array {
  const out = new Writer().bytes(parsed.bytes.subarray(0, 8))
  const copy = (id: number): void => {
    const content = parsed.sections.get(id)
    if (content) out.section(id, content)
  }
  out.section(1, appended(parsed, 1, new Writer().bytes([0x60, 1, I32, 1, I32]).done()))
  copy(2)
  out.section(3, appended(parsed, 3, new Writer().u32(parsed.types.length).done()))
  for (const id of [4, 5]) copy(id)
  out.section(6, appended(parsed, 6, Uint8Array.of(I32, 1, CONST, 0, END)))
  out.section(7, exportsOf(parsed))
  for (const id of [9, 12]) copy(id)
  out.section(10, codeOf(parsed, pages))
  copy(11)
  return out.done()
}

/** A section's vector with one more item at its end. */
function appended(parsed: ParsedModule, id: number, item: Uint8Array): Uint8Array {
  const content = parsed.sections.get(id) ?? Uint8Array.of(0)
  const counts: Readonly<Record<number, number>> = { 1: parsed.types.length, 3: parsed.defined, 6: parsed.globals }
  let start = 0
  while ((content[start] ?? 0) > 127) start++
  return new Writer()
    .u32((counts[id] ?? 0) + 1)
    .bytes(content.subarray(start + 1))
    .bytes(item)
    .done()
}

function exportsOf(parsed: ParsedModule): Uint8Array {
  const out = new Writer().u32(parsed.exports.length + 1)
  const add = (name: string, kind: number, index: number): void => {
    out.sized(utf8(name)).byte(kind).u32(index)
  }
  for (const { name, kind, index } of parsed.exports) add(name, kind === 'memory' ? 2 : 0, index)
  add(STEPS, 3, parsed.globals)
  return out.done()
}

function codeOf(parsed: ParsedModule, pages: number): Uint8Array {
  const out = new Writer().u32(parsed.bodies.length + 1)
  for (const body of parsed.bodies) out.sized(bodyOf(parsed, body, pages))
  return out.sized(bulkHelper(parsed)).done()
}

function bodyOf(parsed: ParsedModule, body: Body, pages: number): Uint8Array {
  const { bytes } = parsed
  const out = new Writer().u32(body.declarations + 1)
  let skipped = body.start
  while ((bytes[skipped] ?? 0) > 127) skipped++
  out.bytes(bytes.subarray(skipped + 1, body.code)).bytes([1, I32])
  let at = body.code
  for (const edit of body.edits) {
    out.bytes(bytes.subarray(at, edit.at))
    at = edit.at
    if (edit.kind === 'grow') at += GROW_LENGTH
    insert(out, edit, parsed, body, pages)
  }
  return out.bytes(bytes.subarray(at, body.end)).done()
}

function insert(out: Writer, edit: Charge | Edit, parsed: ParsedModule, body: Body, pages: number): void {
  if (edit.kind === 'charge') charge(out, parsed.globals, edit.weight, body.locals)
  else if (edit.kind === 'bulk') out.byte(CALL).u32(parsed.functions.length)
  else out.bytes(answerGrow(pages))
}

/** steps -= weight; if (steps < 0) trap. */
function charge(out: Writer, global: number, weight: number, local: number): void {
  out.byte(GET_GLOBAL).u32(global).byte(CONST).i32(weight).byte(SUB)
  out.byte(TEE_LOCAL).u32(local).byte(SET_GLOBAL).u32(global)
  out.byte(GET_LOCAL).u32(local).bytes([CONST, 0, LESS_THAN]).bytes(TRAP_IF)
}

/** Takes a length and gives it back, having charged for it: stands before every bulk operation, whose last operand is its length. */
function bulkHelper({ globals }: ParsedModule): Uint8Array {
  const out = new Writer().byte(0).bytes([GET_LOCAL, 0])
  out.byte(GET_GLOBAL).u32(globals).bytes([GET_LOCAL, 0, CONST, BULK_SHIFT, SHIFT_RIGHT, SUB])
  out.byte(SET_GLOBAL).u32(globals).byte(GET_GLOBAL).u32(globals)
  return out.bytes([CONST, 0, LESS_THAN]).bytes(TRAP_IF).byte(END).done()
}
