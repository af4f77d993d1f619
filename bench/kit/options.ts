import { parseArgs } from 'node:util'

/** How much is measured. */
export interface Options {
  /** Small sizes, to see that everything runs; its figures say little. */
  readonly quick: boolean
  /** How often everything is measured; medians are shown. */
  readonly rounds: number
}

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string' } },
  })
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1 on')
  return { quick: values.quick, rounds }
}
