import { parseArgs } from 'node:util'
import { profileTo } from './spawned.ts'

/** How much is measured. */
export interface Options {
  /** Small sizes, to see that everything runs; its figures say little. */
  readonly quick: boolean
  /** How often everything is measured; medians are shown. */
  readonly rounds: number
  /** Names of the benches to run; all where there are none. */
  readonly only: readonly string[]
  /** Kinds of harm, of the bench that does several; all where there are none. */
  readonly kinds: readonly string[]
}

/** @throws Error for options that mean nothing */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      kind: { type: 'string', multiple: true, default: [] },
      profile: { type: 'string' },
    },
  })
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1 on')
  if (values.profile !== undefined) profileTo(values.profile)
  return { quick: values.quick, rounds, only: values.only.flatMap((names) => names.split(',')), kinds: values.kind }
}
