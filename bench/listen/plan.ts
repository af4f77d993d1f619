import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../lib/base/node/root.ts'

interface At {
  /** Of the tune, from 1. */
  readonly bar: number
  readonly player: string
  /** What it means, for people. */
  readonly says: string
}

/** One line of fixtures/first-light.json. */
export type Action =
  | (At & { readonly do: 'play' | 'stop'; readonly generator: string; readonly as?: string })
  | (At & { readonly do: 'tag'; readonly name: string; readonly value: string })
  | (At & { readonly do: 'end' })

/** fixtures/first-light.json. */
export interface Plan {
  readonly name: string
  readonly title: string
  /** Beats a minute. */
  readonly tempo: number
  readonly bars: number
  /** The tune begins on a bar of the jam, counted from 0, that is a multiple of this. */
  readonly phraseBars: number
  readonly publishAheadBars: number
  readonly tailSeconds: number
  readonly players: Readonly<Record<string, { readonly starts: boolean; readonly generators: readonly string[] }>>
  readonly actions: readonly Action[]
}

export const readPlan = (): Plan =>
  JSON.parse(readFileSync(join(packageRoot(), 'fixtures/first-light.json'), 'utf8')) as Plan
