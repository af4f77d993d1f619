import { ADA, BAR, BEN, startedJam } from '../helpers/jams.ts'
import { offline } from '../helpers/replays.ts'
import { replayed, sines } from '../helpers/sessions.ts'

offline('where a player says more than counts, what is rendered is what the hash names', async (t, folder) => {
  const archives = await sines()
  const jam = startedJam({ tempo: 240 })
  jam.play(ADA, 'chords', 0, { length: BAR })
  jam.play(BEN, 'arp', 0, { length: BAR })
  for (const gain of [-3, -6, -9, -12]) jam.param(BEN, 'arp', BAR / 4, { name: 'gain', value: gain })
  const { entries } = jam
  const whole = await replayed(folder, entries, archives)
  const some = await replayed(folder, entries, archives, { most: 3 })
  t.notEqual(some.samplesSha256, whole.samplesSha256, 'what does not count is not heard')
  const [last] = entries.slice(-1)
  const first = await replayed(folder, [last!, ...entries.slice(0, -1)], archives, { most: 3 })
  t.deepEqual([first.scoreHash, first.samplesSha256], [some.scoreHash, some.samplesSha256])
  const alone = await replayed(folder, entries.slice(0, -2), archives)
  t.deepEqual([alone.scoreHash, alone.samplesSha256], [some.scoreHash, some.samplesSha256])
})
