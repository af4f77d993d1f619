/** The part of the engines' bench: a score's mix and what every generator wrote, as hashes, in a process of any Node. */
import { createHash, type Hash } from 'node:crypto'
import { replay } from '../../lib/engine/index.ts'
import { buildScore } from '../../lib/jam/index.ts'
import { serveParts } from '../kit/part.ts'
import { readPlan } from '../listen/plan.ts'
import { recordPlan } from '../replay/record.ts'
import { ALONE, sendsPlan } from '../replay/sends.ts'

await serveParts({
  async hashes(folder, tune, points, threads) {
    const plan = tune === 'sends' ? sendsPlan(points === 'with points' ? points : 'without points') : readPlan()
    const { jam, entries, archives } = await recordPlan(plan, folder)
    const score = buildScore(jam, entries)
    const stems = new Map<string, Hash>()
    const { samplesSha256, peak } = await replay({
      score,
      entries,
      archiveFile: async (archive) => archives.get(archive) ?? '',
      shown: ({ publisher }) => publisher,
      threads: Number(threads),
      onStems(all) {
        for (const { path, rawLeft, rawRight, left, right } of all) {
          const [, generator = path] = path.split('/')
          const hash = stems.get(generator) ?? createHash('sha256')
          stems.set(generator, hash)
          for (const plane of [rawLeft, rawRight, left, right]) hash.update(plane)
        }
      },
    })
    if (!(peak > 0) || score.refused.length > 0) throw new Error(`${plan.name} did not sound as planned`)
    // A return takes in what the bass sends: none of it here. Its own stem is what the points change.
    const others = createHash('sha256')
    for (const [generator, hash] of [...stems].sort(([a], [b]) => (a < b ? -1 : 1)))
      if (generator !== ALONE) others.update(generator).update(hash.digest())
    return { mix: samplesSha256, others: others.digest('hex'), v8: process.versions.v8 }
  },
})
