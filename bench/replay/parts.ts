/** The part of the replay bench: a jam from its entries to a WAV file, in a process that has just begun. */
import { join } from 'node:path'
import { SAMPLE_RATE } from '../../lib/base/index.ts'
import { replay } from '../../lib/engine/index.ts'
import { buildScore } from '../../lib/jam/index.ts'
import { serveParts } from '../kit/part.ts'
import { readPlan } from '../listen/plan.ts'
import { eightPlan } from './eight.ts'
import { recordPlan } from './record.ts'

await serveParts({
  async replay(folder, tune, threads) {
    const plan = tune === 'eight' ? eightPlan() : readPlan()
    const { jam, entries, archives } = await recordPlan(plan, folder)
    const before = process.cpuUsage()
    const began = performance.now()
    const score = buildScore(jam, entries)
    const { sha256, peak, speed } = await replay({
      score,
      entries,
      archiveFile: async (archive) => archives.get(archive) ?? '',
      shown: ({ publisher }) => publisher,
      out: join(folder, `${tune}-${threads}.wav`),
      threads: Number(threads),
    })
    const ms = performance.now() - began
    const { user, system } = process.cpuUsage(before)
    if (!(peak > 0) || score.refused.length > 0) throw new Error(`${plan.name} did not sound as planned`)
    return { seconds: score.end / SAMPLE_RATE, ms, cpu: (user + system) / 1e6, speed, sha256 }
  },
})
