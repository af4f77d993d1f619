import test from 'tape'
import type { EntryKey } from '../../lib/base/index.ts'
import { Healing } from '../../plugins/feeds/healing.ts'
import { identityNamed, note } from '../helpers/chains.ts'
import { memoryLog } from '../helpers/hosts.ts'
import { Random } from '../sim/random.ts'
import { Copy, originalsOf } from './copies.ts'

/** One key on four machines that were apart, then together through two peers: how often each original was published. */
async function timesPublished(seed: number): Promise<number[]> {
  const owner = identityNamed(`four ${seed}`)
  const chance = new Random(seed)
  const draw = (): number => chance.next()
  const all: Copy[] = []
  try {
    for (let at = 0; at < 6; at++) all.push(await Copy.open(at < 4 ? owner : identityNamed(`peer ${at}`)))
    const owners = all.slice(0, 4)
    const published = new Map<EntryKey, number>()
    for (const { store } of owners)
      store.onChange(({ own, entries }) => {
        for (const key of own ? originalsOf(entries) : []) published.set(key, (published.get(key) ?? 0) + 1)
      })
    for (const [machine, { store, clock }] of owners.entries()) {
      clock.now += Math.floor(draw() * 1_000_000)
      for (let at = 0; at < 5; at++) await store.append(note(`machine ${machine} entry ${at}`))
    }
    const healers = owners.map(({ store, clock }) => new Healing({ store, clock, random: draw, log: memoryLog() }))
    for (let at = 0; at < 600; at++) {
      for (const { clock } of all) clock.now += 100_000
      // About every second and a half each of these hears each other, both ways.
      for (const [i, a] of all.entries())
        for (const b of all.slice(i + 1)) {
          if (draw() > 0.07) continue
          await a.send(b, owner.id)
          await b.send(a, owner.id)
        }
      for (const [i, healer] of healers.entries()) if ((at + i) % 10 === 0) await healer.look()
    }
    const heads = await Promise.all(all.map(({ store }) => store.head(owner.id)))
    if (new Set(heads.map((head) => head?.key)).size > 1) throw new Error('not one head')
    if (published.size !== 20) throw new Error(`${published.size} originals`)
    const here = new Set(originalsOf(await (all[5] as Copy).feed(owner.id)))
    if (![...published.keys()].every((key) => here.has(key))) throw new Error('an original is lost')
    return [...published.values()].sort((a, b) => a - b)
  } finally {
    for (const copy of all) await copy.remove()
  }
}

test('property: healing four copies of one key publishes each original at most twice in the median', async (t) => {
  // Each is worth a hundred histories: more of them than of the others are not asked for by the same word.
  const runs = Number(process.env['FUZZ_COPIES'] ?? 5)
  const medians: number[] = []
  for (let seed = 0; seed < runs; seed++) {
    const times = await timesPublished(seed)
    const median = times[Math.floor(times.length / 2)] ?? 0
    const mean = times.reduce((sum, each) => sum + each, 0) / times.length
    medians.push(median)
    t.comment(`seed ${seed}: ${median} in the median, ${mean.toFixed(2)} on average, ${times.at(-1)} at most`)
  }
  medians.sort((a, b) => a - b)
  t.ok((medians[Math.floor(medians.length / 2)] ?? 9) <= 2, `medians ${medians.join()}`)
})
