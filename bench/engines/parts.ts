/** The part of the engines' bench: a score's mix and what every generator wrote, as hashes, in a process of any Node. */
import { createHash, type Hash } from 'node:crypto'
import { replay } from '../../lib/engine/index.ts'
import { buildScore } from '../../lib/jam/index.ts'
import { serveParts } from '../kit/part.ts'
import { readPlan } from '../listen/plan.ts'
import { recordPlan } from '../replay/record.ts'
import { ALONE, sendsPlan, SINGER } from './sends.ts'

await serveParts({
  async hashes(folder, tune, points, threads) {
    const plan = tune === 'sends' ? await sendsPlan(points === 'with points' ? points : 'without points') : readPlan()
    const { jam, entries, archives } = await recordPlan(plan, folder)
    const score = buildScore(jam, entries)
    const stems = new Map<string, Hash>()
    const sang = new Set<string>()
    const { samplesSha256, peak } = await replay({
      score,
      entries,
      archiveFile: async (archive) => archives.get(archive) ?? '',
      shown: ({ publisher }) => publisher,
      threads: Number(threads),
      onStems(all) {
        for (const { path, rawLeft, rawRight, left, right } of all) {
          const hash = stems.get(path) ?? createHash('sha256')
          stems.set(path, hash)
          if (path.includes(`/${SINGER}/`) && rawLeft.some((x) => x !== 0)) sang.add(path)
          for (const plane of [rawLeft, rawRight, left, right]) hash.update(plane)
        }
      },
    })
    if (!(peak > 0) || score.refused.length > 0) throw new Error(`${plan.name} did not sound as planned`)
    // A return takes in what the bass sends: none of it here. Its own stem is what the points change.
    const others = createHash('sha256')
    for (const [path, hash] of [...stems].sort(([a], [b]) => (a < b ? -1 : 1)))
      if (!path.endsWith(`/${ALONE}`)) others.update(path).update(hash.digest())
    if (tune === 'sends' && sang.size < 2) throw new Error('no note was heard')
    return { mix: samplesSha256, others: others.digest('hex'), v8: process.versions.v8 }
  },
})
