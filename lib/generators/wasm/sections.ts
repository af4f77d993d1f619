/** One reader for each section of a module (WebAssembly 1.0, section 5.5, and the data count of 2.0). */
import { EXPORTS, type FunctionType, IMPORTS, MEMORY, MODULE, VALUE_TYPES, sameType, showType } from './abi.ts'
import { readBody } from './body.ts'
import { LIMITS } from './limits.ts'
import type { ParsedModule } from './module.ts'
import { type Reader, fault, malformed } from './reader.ts'

/** Reads a section's content into the module. @throws ModuleFault */
export type SectionReader = (reader: Reader, module: ParsedModule) => void

/** In the order in which sections must come; a start, an exception tag and what else there may be is not among them. */
export const SECTIONS: readonly { readonly id: number; readonly name: string; readonly read: SectionReader }[] = [
  { id: 1, name: 'type', read: readTypes },
  { id: 2, name: 'import', read: readImports },
  { id: 3, name: 'function', read: readFunctions },
  { id: 4, name: 'table', read: readTable },
  { id: 5, name: 'memory', read: readMemory },
  { id: 6, name: 'global', read: readGlobals },
  { id: 7, name: 'export', read: readExports },
  { id: 9, name: 'element', read: readElements },
  { id: 12, name: 'data count', read: readDataCount },
  { id: 10, name: 'code', read: readCode },
  { id: 11, name: 'data', read: readData },
]

function valueType(reader: Reader): number {
  const byte = reader.byte()
  if (VALUE_TYPES[byte] === undefined)
    fault(
      'WASM_TYPE_REFUSED',
      `type 0x${byte.toString(16)} is none of i32 i64 f32 f64: SIMD and references are not for generators`,
    )
  return byte
}

function readTypes(reader: Reader, module: ParsedModule): void {
  for (let n = reader.count(LIMITS.types, 'types'); n > 0; n--) {
    const form = reader.byte()
    if (form !== 0x60) fault('WASM_TYPE_REFUSED', `type form 0x${form.toString(16)} is not that of a function`)
    const params = valueTypes(reader, LIMITS.params, 'parameters')
    module.types.push({ params, results: valueTypes(reader, LIMITS.results, 'results') })
  }
}
const valueTypes = (reader: Reader, most: number, what: string): number[] =>
  Array.from({ length: reader.count(most, what) }, () => valueType(reader))

function typeAt(module: ParsedModule, index: number): FunctionType {
  return module.types[index] ?? malformed(`there is no type ${index}`)
}

function readImports(reader: Reader, module: ParsedModule): void {
  for (let n = reader.count(LIMITS.imports, 'imports'); n > 0; n--) {
    const from = reader.name()
    const name = reader.name()
    const full = JSON.stringify(`${from}.${name}`)
    const rule = from === MODULE ? IMPORTS.get(name) : undefined
    const kind = reader.byte()
    if (kind !== 0 || !rule)
      return fault('WASM_IMPORT_REFUSED', `the module imports ${full}, which is no function that generators are given`)
    const type = typeAt(module, reader.u32())
    if (!sameType(type, rule.type))
      fault('WASM_SIGNATURE_REFUSED', `the module imports ${full} as ${showType(type)}; it is ${showType(rule.type)}`)
    module.imports.push(name)
    module.functions.push(type)
  }
}

function readFunctions(reader: Reader, module: ParsedModule): void {
  module.defined = reader.count(LIMITS.functions, 'functions')
  for (let n = module.defined; n > 0; n--) module.functions.push(typeAt(module, reader.u32()))
}

/** Minimum and maximum of a memory or table; its flag may say no more than whether there is a maximum. */
function limits(reader: Reader, code: 'WASM_MEMORY_REFUSED' | 'WASM_TABLE_REFUSED'): { min: number; max?: number } {
  const flag = reader.byte()
  if (flag > 1) fault(code, 'a memory or table is shared, of 64 bits, or of another kind than WebAssembly 1.0 knows')
  const min = reader.u32()
  return flag === 1 ? { min, max: reader.u32() } : { min }
}

function readTable(reader: Reader, module: ParsedModule): void {
  const count = reader.u32()
  if (count > 1) fault('WASM_TABLE_REFUSED', 'the module has more than one table')
  if (count === 0) return
  if (reader.byte() !== 0x70) fault('WASM_TABLE_REFUSED', 'the table holds something other than functions')
  const { min, max = min } = limits(reader, 'WASM_TABLE_REFUSED')
  if (min > LIMITS.table || max > LIMITS.table)
    fault('WASM_TABLE_REFUSED', `the table may grow to ${max} entries; ${LIMITS.table} are allowed`)
  module.table = min
}

function readMemory(reader: Reader, module: ParsedModule): void {
  if (reader.u32() !== 1) fault('WASM_MEMORY_REFUSED', 'the module must have exactly one memory')
  const { min, max } = limits(reader, 'WASM_MEMORY_REFUSED')
  if (min !== max || min < 1 || min > LIMITS.pages) {
    const found = `from ${min} to ${max ?? 'any number of'} pages`
    fault('WASM_MEMORY_REFUSED', `the memory goes ${found}; its minimum must be its maximum, from 1 to ${LIMITS.pages}`)
  }
  module.pages = min
}

/** A constant: one const instruction and an end. There is no imported global that it could read. */
function skipConstant(reader: Reader): void {
  const code = reader.byte()
  if (code === 0x41) reader.skipSigned(32)
  else if (code === 0x42) reader.skipSigned(64)
  else if (code === 0x43) reader.skip(4)
  else if (code === 0x44) reader.skip(8)
  else fault('WASM_OPCODE_REFUSED', `opcode 0x${code.toString(16)} is not allowed as a constant`)
  if (reader.byte() !== 0x0b) fault('WASM_OPCODE_REFUSED', 'a constant is more than one instruction')
}

function readGlobals(reader: Reader, module: ParsedModule): void {
  module.globals = reader.count(LIMITS.globals, 'globals')
  for (let n = module.globals; n > 0; n--) {
    valueType(reader)
    if (reader.byte() > 1) malformed('a global is neither constant nor mutable')
    skipConstant(reader)
  }
}

function readExports(reader: Reader, module: ParsedModule): void {
  for (let n = reader.count(LIMITS.exports, 'exports'); n > 0; n--) {
    const name = reader.name()
    const kind = reader.byte()
    const index = reader.u32()
    if (name === MEMORY) {
      if (kind !== 2) fault('WASM_SIGNATURE_REFUSED', 'the export "memory" is no memory')
      module.exports.push({ name, kind: 'memory', index })
      continue
    }
    const rule = EXPORTS.get(name)
    if (!rule) continue
    const type = kind === 0 ? module.functions[index] : undefined
    if (!type || !sameType(type, rule.type)) {
      if (rule.need === 'own') continue
      const found = type ? showType(type) : 'no function'
      fault('WASM_SIGNATURE_REFUSED', `the export ${name} is ${found}; it must be ${showType(rule.type)}`)
    }
    module.exports.push({ name, kind: 'function', index })
  }
}

/** Only segments that lay functions of the module's own into the table, once, as the module starts. */
function readElements(reader: Reader, module: ParsedModule): void {
  for (let n = reader.count(LIMITS.elements, 'element segments'); n > 0; n--) {
    if (reader.u32() !== 0)
      fault('WASM_TABLE_REFUSED', 'an element segment is not a plain list of functions for the table')
    skipConstant(reader)
    for (let k = reader.count(LIMITS.table, 'entries of an element segment'); k > 0; k--) {
      const index = reader.u32()
      if (index < module.imports.length)
        fault('WASM_TABLE_REFUSED', `the table holds the import ${module.imports[index] ?? ''}: wrap it in a function`)
      if (index >= module.functions.length) malformed(`there is no function ${index}`)
    }
  }
}

function readDataCount(reader: Reader, module: ParsedModule): void {
  module.dataCount = reader.count(LIMITS.segments, 'data segments')
}

function readCode(reader: Reader, module: ParsedModule): void {
  const count = reader.u32()
  if (count !== module.defined) malformed(`it declares ${module.defined} functions and has code for ${count}`)
  let effort = 0
  for (let n = 0; n < count; n++) {
    const length = reader.count(LIMITS.body, 'bytes of one function')
    const type = module.functions[module.imports.length + n] ?? malformed('a function has no type')
    const body = readBody(reader.part(length), type, module)
    effort += body.effort
    if (effort > LIMITS.moduleEffort)
      fault('WASM_LIMIT', 'its functions have too many blocks and branches beside too many locals and operands')
    module.bodies.push(body)
  }
}

function readData(reader: Reader): void {
  for (let n = reader.count(LIMITS.segments, 'data segments'); n > 0; n--) {
    const kind = reader.u32()
    if (kind > 1) malformed('a data segment is of no known kind')
    if (kind === 0) skipConstant(reader)
    reader.skip(reader.u32())
  }
}
