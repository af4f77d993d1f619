import { type Refusal, refusal } from '../../base/index.ts'
import { EXPORTS, MEMORY } from './abi.ts'
import { LIMITS } from './limits.ts'
import type { ParsedModule } from './module.ts'
import { ModuleFault, Reader, fault, malformed } from './reader.ts'
import { SECTIONS } from './sections.ts'

/** A module that was found good, with what people ask of it. */
export interface CheckedModule {
  readonly ok: true
  readonly parsed: ParsedModule
  /** 64 KiB each. */
  readonly pages: number
  /** Names of what it imports from `marmalade`, and of the exports that the ABI knows. */
  readonly imports: readonly string[]
  readonly exports: readonly string[]
}

/** `\0asm`, version 1. */
const PREAMBLE = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

/**
 * Takes a module apart before anything compiles it, by a whitelist of sections, types, opcodes, imports and exports,
 * and holds it to LIMITS. Codes: WASM_MALFORMED, WASM_INVALID, WASM_LIMIT, WASM_SECTION_REFUSED, WASM_TYPE_REFUSED,
 * WASM_OPCODE_REFUSED, WASM_IMPORT_REFUSED, WASM_SIGNATURE_REFUSED, WASM_MEMORY_REFUSED, WASM_TABLE_REFUSED,
 * WASM_EXPORT_MISSING.
 */
export function checkModule(bytes: Uint8Array): CheckedModule | Refusal {
  try {
    const parsed = parse(bytes)
    const pages = parsed.pages ?? fault('WASM_MEMORY_REFUSED', 'the module has no memory')
    demandExports(parsed)
    if (!WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>))
      fault('WASM_INVALID', 'the module does not validate: its compiler or what came after it is at fault')
    return { ok: true, parsed, pages, imports: parsed.imports, exports: parsed.exports.map(({ name }) => name) }
  } catch (error) {
    if (error instanceof ModuleFault) return refusal(error.code, error.message)
    throw error
  }
}

function parse(bytes: Uint8Array): ParsedModule {
  if (bytes.length > LIMITS.module)
    fault('WASM_LIMIT', `the module has ${bytes.length} bytes; ${LIMITS.module} are allowed`)
  const reader = new Reader(bytes)
  if (PREAMBLE.some((byte) => reader.byte() !== byte)) malformed('it is no WebAssembly module of version 1')
  const module: ParsedModule = {
    bytes,
    sections: new Map(),
    types: [],
    imports: [],
    functions: [],
    defined: 0,
    pages: undefined,
    table: undefined,
    globals: 0,
    exports: [],
    bodies: [],
    dataCount: undefined,
  }
  for (let order = -1, count = 1; !reader.done; count++) {
    if (count > LIMITS.sections) fault('WASM_LIMIT', `the module has more than ${LIMITS.sections} sections`)
    order = readSection(reader, module, order)
  }
  if (module.bodies.length !== module.defined) malformed('it declares functions and has no code')
  return module
}

/** Reads one section; gives its place in the order of sections, or the place before it where it is a custom one. */
function readSection(reader: Reader, module: ParsedModule, before: number): number {
  const id = reader.byte()
  const content = reader.part(reader.u32())
  if (id === 0) {
    content.name()
    return before
  }
  const order = SECTIONS.findIndex((section) => section.id === id)
  const section = SECTIONS[order]
  if (!section) {
    const what = id === 8 ? 'a start function: do in mm_init what must come first' : `a section of kind ${id}`
    return fault('WASM_SECTION_REFUSED', `the module has ${what}`)
  }
  if (order <= before) malformed(`its ${section.name} section is out of order`)
  module.sections.set(id, content.bytes.subarray(content.at, content.end))
  section.read(content, module)
  if (!content.done) malformed(`its ${section.name} section is longer than what it holds`)
  return order
}

function demandExports(module: ParsedModule): void {
  const names = new Set(module.exports.map(({ name }) => name))
  const required = [...EXPORTS].filter(([, rule]) => rule.need === 'required').map(([name]) => name)
  for (const name of [MEMORY, ...required])
    if (!names.has(name)) fault('WASM_EXPORT_MISSING', `the module does not export ${name}`)
}
