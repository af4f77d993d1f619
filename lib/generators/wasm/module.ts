import type { FunctionType } from './abi.ts'

/** A place in a function's code at which the step budget is charged: its entry or the head of a loop. */
export interface Charge {
  readonly kind: 'charge'
  /** Offset in the module's bytes before which the charge goes. */
  readonly at: number
  /** Steps of everything that runs from here to the next charge, both arms of every branch counted. */
  weight: number
}
/** A bulk memory operation, charged by its length as well, or a memory.grow, which is answered without growing. */
export interface Edit {
  readonly kind: 'bulk' | 'grow'
  readonly at: number
}

/** One function's code, found good but for its operand types. */
export interface Body {
  /** Where its declarations of locals begin, and where its code begins and ends, as offsets in the module. */
  readonly start: number
  readonly code: number
  readonly end: number
  /** How many declarations of locals there are, and how many parameters and locals. */
  readonly declarations: number
  readonly locals: number
  /** What its blocks ask of a compiler. */
  readonly effort: number
  /** In order of their offsets. */
  readonly edits: readonly (Charge | Edit)[]
}

/** An export that the ABI knows. */
export interface KnownExport {
  readonly name: string
  readonly kind: 'function' | 'memory'
  readonly index: number
}

/** A module taken apart as far as the checks and the step budget need. */
export interface ParsedModule {
  readonly bytes: Uint8Array
  /** Content of each section that is kept, by its id. */
  readonly sections: Map<number, Uint8Array>
  readonly types: FunctionType[]
  /** Names of the imports, in order. */
  readonly imports: string[]
  /** Type of every function, imports first. */
  readonly functions: FunctionType[]
  /** Functions that the module defines itself. */
  defined: number
  pages: number | undefined
  table: number | undefined
  globals: number
  readonly exports: KnownExport[]
  readonly bodies: Body[]
  dataCount: number | undefined
}
