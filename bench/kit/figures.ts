/** One thing measured, once for each round. */
export interface Figure {
  readonly what: string
  readonly unit: string
  readonly values: readonly number[]
}

/** Figures of one bench, and what is to be said beside them. */
export interface Section {
  readonly title: string
  readonly figures: readonly Figure[]
  readonly notes: readonly string[]
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Linear between the two nearest. @param at 0 to 1 */
export function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * at
  const low = sorted[Math.floor(place)] ?? NaN
  const high = sorted[Math.ceil(place)] ?? NaN
  return low + (high - low) * (place - Math.floor(place))
}

/** Gathers figures over rounds, in the order in which each came first. */
export class Figures {
  readonly #byWhat = new Map<string, { unit: string; values: number[] }>()
  readonly #notes: string[] = []

  add(what: string, value: number, unit: string): void {
    const known = this.#byWhat.get(what) ?? { unit, values: [] }
    this.#byWhat.set(what, known)
    known.values.push(value)
  }

  /** Round by round, how many times `a` is `b`: what slows a machine down for a while slows both. */
  ratio(what: string, a: string, b: string): void {
    const over = this.#byWhat.get(a)?.values
    const under = this.#byWhat.get(b)?.values
    if (!over || !under) return
    over.forEach((value, round) => this.add(what, value / (under[round] ?? NaN), 'times'))
  }

  /** A figure made of another, value by value. */
  derive(what: string, of: string, unit: string, from: (value: number) => number): void {
    for (const value of this.#byWhat.get(of)?.values ?? []) this.add(what, from(value), unit)
  }

  note(text: string): void {
    if (!this.#notes.includes(text)) this.#notes.push(text)
  }

  section(title: string): Section {
    const figures = [...this.#byWhat].map(([what, { unit, values }]) => ({ what, unit, values }))
    return { title, figures, notes: this.#notes }
  }
}
