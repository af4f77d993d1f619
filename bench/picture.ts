/**
 * Draws first-light as `replay --svg` draws a jam, from entries with fixed keys, so that it is the same file each time:
 * `node --import tsx bench/picture.ts [FILE]`; docs/first-light.svg where no file is named.
 */
import { join } from 'node:path'
import { packageRoot } from '../lib/base/node/root.ts'
import { replay } from '../lib/engine/index.ts'
import { buildScore } from '../lib/jam/index.ts'
import { Overview } from '../lib/picture/index.ts'
import { pictureOf, watchedBy } from '../bin/cli/picture.ts'
import { writeTextFile } from '../bin/cli/text-file.ts'
import { inFolder } from './kit/folders.ts'
import { readPlan } from './listen/plan.ts'
import { recordPlan } from './replay/record.ts'

const [file = join(packageRoot(), 'docs', 'first-light.svg')] = process.argv.slice(2)

await inFolder(async (folder) => {
  const plan = readPlan()
  const { jam, entries, archives } = await recordPlan(plan, folder)
  const score = buildScore(jam, entries)
  const overview = new Overview()
  const replayed = await replay({
    score,
    entries,
    archiveFile: async (archive) => archives.get(archive) ?? '',
    shown: ({ publisher }) => publisher,
    from: score.grid.frameOfBar(plan.phraseBars),
    ...watchedBy(overview),
  })
  const [ada, ben] = [...score.players].sort((a) => (a === score.starter ? -1 : 1))
  const names = new Map([ada, ben].flatMap((player, i) => (player ? [[player, i === 0 ? 'ada' : 'ben'] as const] : [])))
  const svg = pictureOf({ score, seen: [{ replayed, overview }] }, { heads: [], names, said: [] })
  await writeTextFile(file, svg)
  console.log(`${file}: ${svg.length} bytes`)
})
