/** What keeps a generator's source from becoming a module that every node runs, and where. */
export interface BuildFault {
  /** Relative to the generator's folder. */
  readonly file: string
  /** Counted from 1; 0 where it concerns the whole file. */
  readonly line: number
  readonly column: number
  readonly message: string
  /** What mends it, where that is known. */
  readonly hint?: string
}

/** How a build ended. */
export type Built =
  | {
      readonly ok: true
      readonly millis: number
      /** What plays, and would better be otherwise. */
      readonly advice: readonly BuildFault[]
    }
  | {
      readonly ok: false
      readonly faults: readonly BuildFault[]
      /** What the compiler said, the last 64 KiB of it. */
      readonly output: string
    }

/** A source that is compiled: to `entry`, in the same folder. Paths are relative to it. */
export interface BuildPlan {
  readonly language: Language
  readonly source: string
  readonly entry: string
  /** Of 64 KiB, which its memory has: least and most, for it may not grow. */
  readonly pages: number
}

export type Language = 'as' | 'c' | 'rust'
