import type { FunctionType } from './abi.ts'
import { LIMITS } from './limits.ts'
import { fault } from './reader.ts'

/** What a frame of code began with, and how much it leaves on the operand stack. */
interface Level {
  readonly base: number
  readonly type: FunctionType
}

/**
 * How much work one function's blocks and branches make for a compiler: at each of them it keeps a picture of every local
 * and every operand that waits. 60,000 empty loops beside 2,000 locals, 180 kB of code, took V8 13 s and 5 GB before the
 * first call returned; 40,000 branches beside 1,900 locals took its optimiser 9 GB. Held to LIMITS as it is counted.
 * Counts operands as the validator does; code that is never reached counts for little and costs little.
 */
export class Effort {
  readonly #locals: number
  readonly #levels: Level[]
  #height = 0
  #most = 0
  #total = 0
  #forks = 0

  constructor(locals: number, type: FunctionType) {
    this.#locals = locals
    this.#levels = [{ base: 0, type: { params: [], results: type.results } }]
  }

  /** Locals and waiting operands, added up over all pictures. */
  get total(): number {
    return this.#total
  }

  /** Operands that waited at most. */
  get most(): number {
    return this.#most
  }

  /** An instruction leaves so many operands more than it found. @throws ModuleFault WASM_LIMIT */
  change(by: number): void {
    this.#reach(Math.max(this.#height + by, this.#base))
  }

  /** So many pictures are taken. @throws ModuleFault WASM_LIMIT */
  picture(times: number): void {
    this.#forks += times
    this.#total += times * (this.#locals + this.#height)
    if (this.#forks > LIMITS.forks)
      fault('WASM_LIMIT', `a function has more than ${LIMITS.forks} blocks, branches and stores of floats`)
    if (this.#total > LIMITS.effort)
      fault(
        'WASM_LIMIT',
        'a function has too many blocks, branches and stores of floats beside too many locals and operands: cut it up',
      )
  }

  /** A block of a type begins. */
  begin(type: FunctionType): void {
    this.#levels.push({ base: Math.max(this.#height - type.params.length, this.#base), type })
    this.picture(1)
  }

  /** Its other arm begins. */
  turn(): void {
    this.#height = this.#base + (this.#levels.at(-1)?.type.params.length ?? 0)
    this.picture(1)
  }

  /** @throws ModuleFault WASM_LIMIT */
  end(): void {
    const level = this.#levels.pop()
    this.#reach((level?.base ?? 0) + (level?.type.results.length ?? 0))
  }

  /** What follows is not reached. */
  leave(): void {
    this.#height = this.#base
  }

  #reach(height: number): void {
    this.#height = height
    if (height <= this.#most) return
    this.#most = height
    if (height > LIMITS.operands)
      fault('WASM_LIMIT', `more than ${LIMITS.operands} operands of a function wait at once`)
  }

  get #base(): number {
    return this.#levels.at(-1)?.base ?? 0
  }
}
