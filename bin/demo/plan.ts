import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { packageRoot } from '../../lib/base/node/root.ts'

const action = z.object({
  /** Of the tune, counted from 1. */
  bar: z.number(),
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
  /** The tune begins on a bar of the jam (counted from 0) that is a multiple of this. */
  phraseBars: z.number(),
  publishAheadBars: z.number(),
  players: z.record(z.string(), z.object({ generators: z.array(z.string()) })),
  actions: z.array(action),
})
export type Plan = z.output<typeof plan>
export type Action = z.output<typeof action>

/** The tune that the demo plays: fixtures/first-light.json. */
export function readPlan(): Plan {
  const text = readFileSync(join(packageRoot(), 'fixtures', 'first-light.json'), 'utf8')
  return plan.parse(JSON.parse(text))
}
