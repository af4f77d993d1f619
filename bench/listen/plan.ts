import { readFileSync } from 'node:fs'

/** One line of fixtures/first-light.json. Bars are the tune's, from 1. */
export interface Action {
  readonly bar: number
  readonly player: string
  readonly do: 'play' | 'stop' | 'tag' | 'end'
  readonly generator?: string
  readonly name?: string
  readonly value?: string
  readonly says: string
}

export interface Plan {
  readonly name: string
  readonly tempo: number
  readonly bars: number
  readonly phraseBars: number
  readonly tailSeconds: number
  readonly actions: readonly Action[]
}

/** The folder of the project: where package.json is. */
export const ROOT = new URL('../../', import.meta.url)

export const readPlan = (): Plan => JSON.parse(readFileSync(new URL('fixtures/first-light.json', ROOT), 'utf8')) as Plan
