import { type FunctionType, IMPORTS, VALUE_TYPES } from './abi.ts'
import { CHARGE_WEIGHT, frameOf, HEAVIEST } from './budget.ts'
import { Effort } from './effort.ts'
import { LIMITS } from './limits.ts'
import type { Body, Edit, ParsedModule, Turn } from './module.ts'
import { type Opcode, BULK_OPERANDS, LAST_CONVERSION, OPCODES, PREFIXED } from './opcodes.ts'
import { type Reader, fault, malformed } from './reader.ts'

const EMPTY_BLOCK_TYPE = 0x40
const EMPTY: FunctionType = { params: [], results: [] }
/** Pictures that the code inserted at a function's entry, at a loop's head, for a memory.grow and for what may be NaN has taken. */
const ENTRY_PICTURES = 3
const TURN_PICTURES = 1
const GROW_PICTURES = 2
const NAN_PICTURES = 1
const RETURN = 0x0f

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
  const walk = new Walk(reader, module, locals, type)
  const { end } = reader
  const { edits, weight, effort } = walk.run()
  const frame = frameOf(locals, effort.most, end - code)
  return { type, start, code, end, declarations, locals, effort: effort.total, weight, frame, edits }
}

class Walk {
  private readonly reader: Reader
  private readonly module: ParsedModule
  private readonly locals: number
  private readonly edits: Edit[] = []
  private readonly frames: Frame[] = ['block']
  /** The stretch that is being weighed: the innermost loop's, the function's at the bottom. */
  private readonly weighed: [{ weight: number }, ...Turn[]] = [{ weight: CHARGE_WEIGHT }]
  private readonly effort: Effort
  /** Whether the instruction before was a float's constant that is no NaN. */
  private known = false

  constructor(reader: Reader, module: ParsedModule, locals: number, type: FunctionType) {
    this.reader = reader
    this.module = module
    this.locals = locals
    this.effort = new Effort(locals, type)
  }

  run(): { edits: readonly Edit[]; weight: number; effort: Effort } {
    this.effort.picture(ENTRY_PICTURES)
    while (this.frames.length > 0) this.instruction()
    if (!this.reader.done) malformed('a function goes on after its end')
    return { edits: this.edits, weight: this.weighed[0].weight, effort: this.effort }
  }

  private turn(): void {
    const turn: Turn = { kind: 'turn', at: this.reader.at, weight: CHARGE_WEIGHT }
    this.weighed.push(turn)
    this.edits.push(turn)
    this.effort.picture(TURN_PICTURES)
  }

  private weigh(steps: number): void {
    const stretch = this.weighed.at(-1) ?? this.weighed[0]
    stretch.weight = Math.min(stretch.weight + steps, HEAVIEST)
  }

  private instruction(): void {
    const { reader } = this
    const at = reader.at
    const byte = reader.byte()
    if (byte === 0xfc) {
      this.known = false
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
    if (byte === RETURN) this.edits.push({ kind: 'return', at, depth: this.frames.length - 1 })
    const { known } = this
    this.known = false
    this.immediate(opcode, at)
    if (opcode.bares !== undefined && !known) this.bare(opcode.bares, at)
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
        if (this.frames.pop() === 'loop') this.weighed.pop()
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
        this.call(at)
        return
      }
      case 'call_indirect':
        this.called(this.type())
        if (reader.u32() !== 0 || module.table === undefined) malformed('there is no such table')
        this.edits.push({ kind: 'call', at, length: reader.at - at })
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
        this.known = !Number.isNaN(reader.view(4).getFloat32(0, true))
        return
      }
      case 'f64': {
        this.known = !Number.isNaN(reader.view(8).getFloat64(0, true))
        return
      }
    }
  }

  private bare(type: number, at: number): void {
    const length = this.reader.at - at
    this.edits.push({ kind: 'nan', at, length, type })
    this.effort.picture(NAN_PICTURES)
  }

  private begin(frame: Frame): void {
    if (this.frames.length === LIMITS.nesting) fault('WASM_LIMIT', `blocks are nested more than ${LIMITS.nesting} deep`)
    this.effort.begin(this.blockType())
    this.frames.push(frame)
    if (frame === 'loop') this.turn()
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

  private call(at: number): void {
    const index = this.reader.u32()
    this.called(this.module.functions[index] ?? malformed(`there is no function ${index}`))
    const name = this.module.imports[index]
    if (name !== undefined) this.weigh(IMPORTS.get(name)?.weight ?? 0)
    else this.edits.push({ kind: 'call', at, length: this.reader.at - at })
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
