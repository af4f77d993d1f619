/** Parts of the gossip benches that end by themselves. */
import { serveParts } from '../kit/part.ts'
import { writeFeeds } from '../data/feeds.ts'
import { mkdirSync } from 'node:fs'

await serveParts({
  /** Signs a set of feeds, from some author on, and writes it into a folder. */
  async write(folder, feeds, each, first = '0') {
    mkdirSync(folder, { recursive: true })
    const set = writeFeeds(folder, Number(feeds), Number(each), Number(first))
    return { bytes: set.reduce((sum, { bytes }) => sum + bytes, 0) }
  },
})
