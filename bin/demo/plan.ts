import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { MarmaladeError } from '../../lib/base/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'

const action = z.object({
  /** Of the tune, counted from 1. */
  bar: z.int().min(1),
  player: z.enum(['ada', 'ben']),
  do: z.enum(['play', 'stop', 'tag', 'end']),
  generator: z.string().optional(),
  name: z.string().optional(),
  value: z.string().optional(),
  /** What it means, for people. */
  says: z.string(),
})
const plan = z.object({
  name: z.string(),
  title: z.string(),
  tempo: z.number(),
  meter: z.string(),
  bars: z.number(),
  /** The tune begins on a bar of the jam (counted from 0) that is a multiple of this: so fills fall where they belong. */
  phraseBars: z.int().min(1),
  /** Everything is published at least so many bars before it is to be heard. */
  publishAheadBars: z.int().min(1),
  players: z.record(z.enum(['ada', 'ben']), z.object({ generators: z.array(z.string()) })),
  actions: z.array(action),
})
export type Plan = z.output<typeof plan>
export type Action = z.output<typeof action>
export type Who = Action['player']

/** The tune that the demo plays: fixtures/first-light.json, or another file. @throws USAGE where it is no plan */
export function readPlan(file = join(packageRoot(), 'fixtures', 'first-light.json')): Plan {
  try {
    return plan.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new MarmaladeError('USAGE', `${file} is no plan of a demo: fixtures/first-light.json is one`, { cause })
  }
}
