import { type FunctionType, IMPORTS, VALUE_TYPES } from './abi.ts'
import { Effort } from './effort.ts'
import { LIMITS } from './limits.ts'
import type { Body, Charge, Edit, ParsedModule } from './module.ts'
import { type Opcode, BULK_OPERANDS, LAST_CONVERSION, OPCODES, PREFIXED } from './opcodes.ts'
import { type Reader, fault, malformed } from './reader.ts'

/** What a charge itself costs, and so what even an empty loop or function pays for. */
const CHARGE_WEIGHT = 5
/**
 * Where weights stop growing: above every budget, and below what 32 bits hold. Code that is never reached may hold calls
 * without operands, 260,000 in a function, whose weight would else wrap round and give steps back.
 */
const HEAVIEST = 2 ** 30
const EMPTY_BLOCK_TYPE = 0x40
const EMPTY: FunctionType = { params: [], results: [] }
/** Pictures that the code inserted for a charge or a memory.grow has taken. */
const CHARGE_PICTURES = 1
const GROW_PICTURES = 2

/** unreachable br br_table return */
const LEAVING: ReadonlySet<number> = new Set([0x00, 0x0c, 0x0e, 0x0f])

type Frame = 'block' | 'loop' | 'if' | 'else'

/**
 * Walks one function's code: every opcode against the whitelist, every index against what the module itself declares
 * (what the step budget appends must stay out of reach), every block against its end. Operand types are left to the
 * validator of the WebAssembly implementation. @throws ModuleFault
 */
export function readBody(reader: Reader, type: FunctionType, module: ParsedModule): Body {
  const start = reader.at
  const declarations = reader.count(LIMITS.locals, 'declarations of locals')
  let locals = type.params.length
  for (let n = 0; n < declarations; n++) {
    locals += reader.u32()
    const byte = reader.byte()
    if (VALUE_TYPES[byte] === undefined) fault('WASM_TYPE_REFUSED', `a local has type 0x${byte.toString(16)}`)
    if (locals > LIMITS.locals) fault('WASM_LIMIT', `a function has more than ${LIMITS.locals} locals`)
  }
  const code = reader.at
  const { edits, effort } = new Walk(reader, module, locals, type).run()
  return { start, code, end: reader.end, declarations, locals, effort, edits }
}

class Walk {
  private readonly reader: Reader
  private readonly module: ParsedModule
  private readonly locals: number
  private readonly edits: (Charge | Edit)[] = []
  private readonly frames: Frame[] = ['block']
  /** The stretch that is being weighed: the innermost loop's, the function's at the bottom. */
  private readonly charges: Charge[] = []
  private readonly effort: Effort

  constructor(reader: Reader, module: ParsedModule, locals: number, type: FunctionType) {
    this.reader = reader
    this.module = module
    this.locals = locals
    this.effort = new Effort(locals, type)
  }

  run(): { edits: (Charge | Edit)[]; effort: number } {
    this.open()
    while (this.frames.length > 0) this.instruction()
    if (!this.reader.done) malformed('a function goes on after its end')
    return { edits: this.edits, effort: this.effort.total }
  }

  private open(): void {
    const charge: Charge = { kind: 'charge', at: this.reader.at, weight: CHARGE_WEIGHT }
    this.charges.push(charge)
    this.edits.push(charge)
    this.effort.picture(CHARGE_PICTURES)
  }

  private weigh(steps: number): void {
    const charge = this.charges.at(-1)
    if (charge) charge.weight = Math.min(charge.weight + steps, HEAVIEST)
  }

  private instruction(): void {
    const { reader } = this
    const at = reader.at
    const byte = reader.byte()
    if (byte === 0xfc) {
      this.prefixed(at)
      return
    }
    const opcode = OPCODES[byte]
    if (!opcode)
      return fault(
        'WASM_OPCODE_REFUSED',
        `opcode 0x${byte.toString(16)} is not allowed: WebAssembly 1.0 and what docs/generators.md lists`,
      )
    this.weigh(opcode.weight)
    this.effort.change(opcode.net)
    this.immediate(opcode, at)
    if (LEAVING.has(byte)) this.effort.leave()
  }

  private immediate({ shape }: Opcode, at: number): void {
    const { reader, module } = this
    switch (shape) {
      case 'none':
        return
      case 'block':
      case 'loop':
      case 'if': {
        this.begin(shape)
        return
      }
      case 'else':
        if (this.frames.pop() !== 'if') malformed('an else stands outside an if')
        this.frames.push('else')
        this.effort.turn()
        return
      case 'end':
        if (this.frames.pop() === 'loop') this.charges.pop()
        this.effort.end()
        return
      case 'label': {
        this.effort.picture(1)
        this.below(this.frames.length, 'label')
        return
      }
      case 'labels':
        this.effort.picture(1)
        for (let n = reader.count(LIMITS.branches, 'branches') + 1; n > 0; n--) this.below(this.frames.length, 'label')
        return
      case 'call': {
        this.call()
        return
      }
      case 'call_indirect':
        this.called(this.type())
        if (reader.u32() !== 0 || module.table === undefined) malformed('there is no such table')
        return
      case 'local': {
        this.below(this.locals, 'local')
        return
      }
      case 'global': {
        this.below(module.globals, 'global')
        return
      }
      case 'memory':
        if (reader.u32() > 3) malformed('a load or store has no such alignment')
        reader.u32()
        return
      case 'memory_size': {
        this.zero()
        return
      }
      case 'memory_grow':
        this.edits.push({ kind: 'grow', at })
        this.effort.picture(GROW_PICTURES)
        this.zero()
        return
      case 'i32': {
        reader.skipSigned(32)
        return
      }
      case 'i64': {
        reader.skipSigned(64)
        return
      }
      case 'f32': {
        reader.skip(4)
        return
      }
      case 'f64': {
        reader.skip(8)
        return
      }
    }
  }

  private begin(frame: Frame): void {
    if (this.frames.length === LIMITS.nesting) fault('WASM_LIMIT', `blocks are nested more than ${LIMITS.nesting} deep`)
    this.effort.begin(this.blockType())
    this.frames.push(frame)
    if (frame === 'loop') this.open()
  }

  private blockType(): FunctionType {
    const { reader } = this
    const byte = reader.byte()
    if (byte === EMPTY_BLOCK_TYPE) return EMPTY
    if (VALUE_TYPES[byte] !== undefined) return { params: [], results: [byte] }
    reader.at--
    return this.type()
  }

  private type(): FunctionType {
    const index = this.reader.u32()
    return this.module.types[index] ?? malformed(`there is no type ${index}`)
  }

  private called({ params, results }: FunctionType): void {
    this.effort.change(results.length - params.length)
  }

  private call(): void {
    const index = this.reader.u32()
    this.called(this.module.functions[index] ?? malformed(`there is no function ${index}`))
    const name = this.module.imports[index]
    if (name !== undefined) this.weigh(IMPORTS.get(name)?.weight ?? 0)
  }

  private prefixed(at: number): void {
    const { reader } = this
    const code = reader.u32()
    if (code <= LAST_CONVERSION) {
      this.weigh(1)
      return
    }
    const rule = PREFIXED.get(code)
    if (!rule) return fault('WASM_OPCODE_REFUSED', `opcode 0xfc ${code} is not allowed: tables stay as they were laid`)
    this.weigh(rule.weight)
    if (rule.bulk === 'init' || rule.bulk === 'drop') this.below(this.module.dataCount ?? 0, 'data segment')
    if (rule.bulk === 'drop') return
    this.effort.change(-BULK_OPERANDS)
    this.zero()
    if (rule.bulk === 'copy') this.zero()
    this.edits.push({ kind: 'bulk', at })
  }

  private below(count: number, what: string): void {
    const index = this.reader.u32()
    if (index >= count) malformed(`there is no ${what} ${index}`)
  }

  private zero(): void {
    if (this.reader.byte() !== 0) malformed('there is no such memory')
  }
}
