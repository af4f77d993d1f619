import type { FunctionType } from './abi.ts'

/** The head of a loop, at which the step budget is charged for a turn. */
export interface Turn {
  readonly kind: 'turn'
  /** Offset in the module's bytes before which the charge goes. */
  readonly at: number
  /** Steps of everything in the loop, loops in it left out, both arms of every branch counted. */
  weight: number
}
/** An instruction that is changed, or that something goes before: `opcodes.ts` and `instrument.ts` say what. */
export type Edit =
  | Turn
  /** Bulk memory operations are charged by their length as well; memory.grow is answered without growing. */
  | { readonly kind: 'bulk' | 'grow'; readonly at: number }
  /** A function of the module's own is called, by an instruction of so many bytes. */
  | { readonly kind: 'call'; readonly at: number; readonly length: number }
  /** A return out of so many blocks. */
  | { readonly kind: 'return'; readonly at: number; readonly depth: number }
  /** An instruction of so many bytes, whose last operand may be a NaN whose bits would show: only a store has more than one. */
  | { readonly kind: 'nan'; readonly at: number; readonly length: number; readonly type: number }

/** One function's code, found good but for its operand types. */
export interface Body {
  readonly type: FunctionType
  /** Where its declarations of locals begin, and where its code begins and ends, as offsets in the module. */
  readonly start: number
  readonly code: number
  readonly end: number
  /** How many declarations of locals there are, and how many parameters and locals. */
  readonly declarations: number
  readonly locals: number
  /** What its blocks ask of a compiler. */
  readonly effort: number
  /** Steps charged as it is entered. */
  readonly weight: number
  /** Slots of the call depth that it holds while it runs, where it calls others. */
  readonly frame: number
  /** In order of their offsets. */
  readonly edits: readonly Edit[]
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
