import { utf8 } from '../../base/index.ts'
import { type FunctionType, I32, sameType } from './abi.ts'
import { DEPTH } from './budget.ts'
import type { CheckedModule } from './check.ts'
import { type Places, bulkHelper, meteredBody } from './meter.ts'
import type { ParsedModule } from './module.ts'
import { Writer } from './writer.ts'

/** Export under which the module's budget is set before each call and read after it. */
export const STEPS = 'marmalade_steps'
/** Export of the slots that calls may still hold: below zero where they went too deep. The ABI's exports beside, it has no others. */
export const SLOTS = 'marmalade_slots'

const CONST = 0x41
const END = 0x0b

/**
 * The module again, with its step budget, its call depth and canonical NaNs (`meter.ts`). Types, one function, two globals
 * and a few locals a function are appended at the ends of their index spaces, so that nothing else shifts. Custom sections
 * and exports that the ABI does not know are left out.
 */
export function instrument({ parsed, pages }: CheckedModule): Uint8Array {
  const out = new Writer().bytes(parsed.bytes.subarray(0, 8))
  const copy = (id: number): void => {
    const content = parsed.sections.get(id)
    if (content) out.section(id, content)
  }
  const lists = resultLists(parsed)
  const helper = [0x60, 1, I32, 1, I32]
  out.section(1, appended(parsed, 1, [helper, ...lists.map(typeOfList)]))
  copy(2)
  out.section(3, appended(parsed, 3, [new Writer().u32(parsed.types.length).done()]))
  for (const id of [4, 5]) copy(id)
  const global = (value: number): Uint8Array => new Writer().bytes([I32, 1, CONST]).i32(value).byte(END).done()
  out.section(6, appended(parsed, 6, [global(0), global(DEPTH)]))
  out.section(7, exportsOf(parsed))
  for (const id of [9, 12]) copy(id)
  out.section(10, codeOf(parsed, placesOf(parsed, pages, lists)))
  copy(11)
  return out.done()
}

/** Lists of two or more results that functions of the module have: a block of each needs a type without parameters. */
function resultLists({ bodies }: ParsedModule): FunctionType[] {
  const lists: FunctionType[] = []
  for (const { type } of bodies) {
    const list = { params: [], results: type.results }
    if (list.results.length > 1 && !lists.some((known) => sameType(known, list))) lists.push(list)
  }
  return lists
}
const typeOfList = ({ results }: FunctionType): Uint8Array => Uint8Array.from([0x60, 0, results.length, ...results])

function placesOf(parsed: ParsedModule, pages: number, lists: readonly FunctionType[]): Places {
  const first = parsed.types.length + 1
  return {
    bytes: parsed.bytes,
    steps: parsed.globals,
    slots: parsed.globals + 1,
    helper: parsed.functions.length,
    pages,
    listType: (results) => first + lists.findIndex((list) => sameType(list, { params: [], results })),
  }
}

/** A section's vector with more items at its end. */
function appended(parsed: ParsedModule, id: number, items: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const content = parsed.sections.get(id) ?? Uint8Array.of(0)
  const counts: Readonly<Record<number, number>> = { 1: parsed.types.length, 3: parsed.defined, 6: parsed.globals }
  let start = 0
  while ((content[start] ?? 0) > 127) start++
  const out = new Writer().u32((counts[id] ?? 0) + items.length).bytes(content.subarray(start + 1))
  for (const item of items) out.bytes(item)
  return out.done()
}

function exportsOf(parsed: ParsedModule): Uint8Array {
  const out = new Writer().u32(parsed.exports.length + 2)
  const add = (name: string, kind: number, index: number): void => {
    out.sized(utf8(name)).byte(kind).u32(index)
  }
  for (const { name, kind, index } of parsed.exports) add(name, kind === 'memory' ? 2 : 0, index)
  add(STEPS, 3, parsed.globals)
  add(SLOTS, 3, parsed.globals + 1)
  return out.done()
}

function codeOf(parsed: ParsedModule, places: Places): Uint8Array {
  const out = new Writer().u32(parsed.bodies.length + 1)
  for (const body of parsed.bodies) out.sized(meteredBody(body, places))
  return out.sized(bulkHelper(places)).done()
}
