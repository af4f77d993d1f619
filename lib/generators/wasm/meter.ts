import { F32, F64, I32 } from './abi.ts'
import { type NanLocals, canonicalBits, canonicalStore, RETURN_BITS } from './nan.ts'
import type { Body, Edit } from './module.ts'
import { BULK_SHIFT } from './opcodes.ts'
import { Writer } from './writer.ts'

/** Where in the instrumented module things are. */
export interface Places {
  /** Of the module as its author made it. */
  readonly bytes: Uint8Array
  /** The globals that hold the steps and the slots that are left. */
  readonly steps: number
  readonly slots: number
  /** The function that charges for a bulk operation. */
  readonly helper: number
  readonly pages: number
  /** The type without parameters that has these results, of which there are two or more. */
  readonly listType: (results: readonly number[]) => number
}

const UNREACHABLE = 0x00
const BLOCK = 0x02
const IF = 0x04
const ELSE = 0x05
const END = 0x0b
const BRANCH = 0x0c
const CALL = 0x10
const DROP = 0x1a
const GET_LOCAL = 0x20
const SET_LOCAL = 0x21
const TEE_LOCAL = 0x22
const GET_GLOBAL = 0x23
const SET_GLOBAL = 0x24
const CONST = 0x41
const IS_ZERO = 0x45
const LESS_THAN = 0x48
const AT_LEAST = 0x4e
const ADD = 0x6a
const SUB = 0x6b
const DIVIDE = 0x6e
const SHIFT_RIGHT = 0x76
const NOTHING = 0x40
/** memory.grow and its memory; return. */
const GROW_LENGTH = 2
const RETURN_LENGTH = 1
/** A loop whose turn weighs no more than this keeps its steps in a local alone. */
const TIGHT = 24

/**
 * A function's code again, that ends for good at the same instruction everywhere. Its entry and each turn of a loop lower the
 * steps by the weight of what they lead to, each bulk memory operation by its length; a function that calls others takes
 * its frame from the slots while it runs; whichever falls below zero traps. A NaN becomes the one canonical NaN before its
 * bits could show.
 */
export function meteredBody(body: Body, places: Places): Uint8Array {
  return new Meter(body, places).run()
}

class Meter {
  private readonly out = new Writer()
  private readonly body: Body
  private readonly places: Places
  /** Whether it has loops: then a local holds the steps as well, so that a turn need not read them. */
  private readonly keeps: boolean
  /** Whether some of them are tight: then the global is behind the local, and is brought up to it before anything else reads it. */
  private readonly tight: boolean
  /** Whether it calls others: then it gives its slots back as it is left. */
  private readonly holds: boolean
  /** Locals for the steps, and for values that may be NaN. */
  private readonly steps: number
  private readonly nans: NanLocals

  constructor(body: Body, places: Places) {
    this.body = body
    this.places = places
    this.keeps = body.edits.some(({ kind }) => kind === 'turn')
    this.tight = body.edits.some((edit) => edit.kind === 'turn' && edit.weight <= TIGHT)
    this.holds = body.edits.some(({ kind }) => kind === 'call')
    this.steps = body.locals
    this.nans = { address: body.locals + 1, [F32]: body.locals + 2, [F64]: body.locals + 3 }
  }

  run(): Uint8Array {
    const { out, body, places } = this
    this.locals()
    this.enter()
    let at = body.code
    for (const edit of body.edits) {
      out.bytes(places.bytes.subarray(at, edit.at))
      at = edit.at + this.insert(edit)
    }
    out.bytes(places.bytes.subarray(at, body.end))
    if (this.inBlock) this.leave()
    return out.done()
  }

  private locals(): void {
    const { out, body, places } = this
    const nans = body.edits.some(({ kind }) => kind === 'nan') ? [1, I32, 1, F32, 1, F64] : []
    let skipped = body.start
    while ((places.bytes[skipped] ?? 0) > 127) skipped++
    out.u32(body.declarations + 1 + nans.length / 2)
    out.bytes(places.bytes.subarray(skipped + 1, body.code)).bytes([1, I32, ...nans])
  }

  private enter(): void {
    const { out, body, places } = this
    if (this.holds) {
      out.byte(GET_GLOBAL).u32(places.slots)
      lower(out, body.frame, this.steps, places.slots)
    }
    out.byte(GET_GLOBAL).u32(places.steps)
    lower(out, body.weight, this.steps, places.steps)
    if (this.inBlock) this.begin()
  }

  /** Its code stands in a block of its own, so that it is left in one place. */
  private get inBlock(): boolean {
    return this.holds || this.tight
  }

  private begin(): void {
    const { out, body, places } = this
    const { results } = body.type
    out.byte(BLOCK)
    if (results.length > 1) out.i32(places.listType(results))
    else out.byte(results[0] ?? NOTHING)
  }

  private leave(): void {
    const { out, body, places } = this
    this.settle()
    if (this.holds) {
      out.byte(GET_GLOBAL).u32(places.slots).byte(CONST).i32(body.frame).byte(ADD)
      out.byte(SET_GLOBAL).u32(places.slots)
    }
    out.byte(END)
  }

  /** Writes what an edit asks for; gives how many bytes of the module it stands for. */
  private insert(edit: Edit): number {
    const { out, places } = this
    switch (edit.kind) {
      case 'turn':
        out.byte(GET_LOCAL).u32(this.steps)
        if (edit.weight > TIGHT) lower(out, edit.weight, this.steps, places.steps)
        else this.tightTurn(edit.weight)
        return 0
      case 'call':
        this.settle()
        out.bytes(places.bytes.subarray(edit.at, edit.at + edit.length))
        this.renew()
        return edit.length
      case 'bulk':
        this.settle()
        out.byte(CALL).u32(places.helper)
        this.renew()
        return 0
      case 'return':
        if (!this.inBlock) return 0
        out.byte(BRANCH).u32(edit.depth)
        return RETURN_LENGTH
      case 'grow':
        this.grow()
        return GROW_LENGTH
      case 'nan':
        return this.canonical(edit.at, edit.length, edit.type)
    }
  }

  /** A store in each turn would be half of what a tight loop does: the global is told where it traps. */
  private tightTurn(weight: number): void {
    const { out } = this
    out.byte(CONST).i32(weight).byte(SUB).byte(TEE_LOCAL).u32(this.steps).bytes([CONST, 0, LESS_THAN, IF, NOTHING])
    this.settle()
    out.bytes([UNREACHABLE, END])
  }

  /** What is left of the steps is about to be read elsewhere. */
  private settle(): void {
    if (this.tight) this.out.byte(GET_LOCAL).u32(this.steps).byte(SET_GLOBAL).u32(this.places.steps)
  }

  /** What was called has lowered the steps. */
  private renew(): void {
    if (this.keeps) this.out.byte(GET_GLOBAL).u32(this.places.steps).byte(SET_LOCAL).u32(this.steps)
  }

  /** Zero pages more are the size as it is; anything else is refused: minimum and maximum are one. */
  private grow(): void {
    this.out.bytes([IS_ZERO, IF, I32, CONST]).i32(this.places.pages).bytes([ELSE, CONST]).i32(-1).byte(END)
  }

  /** A store is put right afterwards, a reinterpretation is done already, copysign gets its float back. */
  private canonical(at: number, length: number, type: number): number {
    const { out, places } = this
    if (length > 1) {
      canonicalStore(out, type, places.bytes.subarray(at, at + length), this.nans)
      return length
    }
    canonicalBits(out, type, this.nans)
    const back = RETURN_BITS[places.bytes[at] ?? 0]
    if (back === undefined) return length
    out.byte(back)
    return 0
  }
}

/**
 * Takes an amount from what is on the stack, into a local and its global, and traps below zero: by a division by "is at
 * least zero" whose quotient nobody wants, of which an optimiser keeps the trap alone. An if around an unreachable does
 * the same, and its branch made a turn of a plain voice half as long again.
 */
function lower(out: Writer, amount: number, local: number, global: number): void {
  out.byte(CONST).i32(amount).byte(SUB)
  lowered(out, local, global)
}
function lowered(out: Writer, local: number, global: number): void {
  out.byte(TEE_LOCAL).u32(local).byte(SET_GLOBAL).u32(global)
  out.bytes([CONST, 1, GET_LOCAL]).u32(local).bytes([CONST, 0, AT_LEAST, DIVIDE, DROP])
}

/** Takes a length and gives it back, having charged for it: stands before every bulk operation, whose last operand is its length. */
export function bulkHelper({ steps }: Places): Uint8Array {
  const out = new Writer().bytes([1, 1, I32]).byte(GET_GLOBAL).u32(steps)
  out.bytes([GET_LOCAL, 0, CONST, BULK_SHIFT, SHIFT_RIGHT, SUB])
  lowered(out, 1, steps)
  return out.bytes([GET_LOCAL, 0, END]).done()
}
