import { join } from 'node:path'
import { BLOCK } from '../../lib/base/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { Limiter } from '../../lib/mix/index.ts'
import { ADA, BAR, BEN, startedJam } from '../helpers/jams.ts'
import { sineWat } from '../helpers/mix.ts'
import { offline, out, sidesOf } from '../helpers/replays.ts'
import { archivesOf, replayed, sines, smallJam, wavOf } from '../helpers/sessions.ts'

offline('stems add up to the mix', async (t, folder) => {
  const archives = await sines()
  const stems = join(folder, 'stems')
  const { stems: files, frames } = await replayed(folder, smallJam().entries, archives, { ...out(folder), stems })
  const [ada, ben] = [shortIdOf(ADA), shortIdOf(BEN)]
  t.deepEqual(
    files.map((file) => file.slice(stems.length + 1)).sort(),
    [`${ada}-chords-chords.wav`, `${ada}-drums-drums.wav`, `${ben}-bass-bass.wav`].sort(),
  )
  const all = await Promise.all(files.map(wavOf))
  const mix = await wavOf(join(folder, 'out.wav'))
  t.ok(all.every((stem) => stem.frames === frames))
  const differing = mix.left.filter(
    (x, i) => x !== Math.fround(all.reduce((sum, stem) => sum + (stem.left[i] ?? 0), 0)),
  )
  t.equal(differing.length, 0)
  t.ok(all.every((stem) => stem.left.some((x) => x !== 0)))
})

offline('stems add up to what the limiter is given, to the bit', async (t, folder) => {
  const archives = await sines()
  const jam = startedJam({ tempo: 120 })
  for (const name of ['drums', 'chords']) jam.play(ADA, name, 0, { params: { gain: 9 } })
  jam.play(BEN, 'bass', 960, { params: { gain: 3, pan: 0.3 } })
  jam.action(ADA, 'end', { at: BAR / 2 })
  const made = await replayed(folder, jam.entries, archives, { ...out(folder), stems: join(folder, 'stems') })
  t.ok(made.reduction > 1, 'the limiter has to do')
  const [all, mix] = [await Promise.all(made.stems.map(sidesOf)), await sidesOf(join(folder, 'out.wav'))]
  const sums = ([0, 1] as const).map((side) =>
    Float64Array.from(mix[side], (_, i) => all.reduce((sum, stem) => sum + (stem[side][i] ?? 0), 0)),
  )
  const limiter = new Limiter()
  let differing = 0
  for (let at = 0; at < mix[0].length; at += BLOCK) {
    const [left, right] = [new Float32Array(BLOCK), new Float32Array(BLOCK)]
    const [a, b] = sums.map((sum) => sum.slice(at, at + BLOCK))
    limiter.run(a ?? new Float64Array(BLOCK), b ?? new Float64Array(BLOCK), left, right, BLOCK)
    for (let i = 0; i < BLOCK; i++) if (left[i] !== mix[0][at + i] || right[i] !== mix[1][at + i]) differing++
  }
  t.equal(differing, 0)
})

offline('raw stems are what the generator wrote, whatever its chain makes of it', async (t, folder) => {
  const archives = await sines()
  const raws: Buffer[] = []
  const stems: Buffer[] = []
  for (const gain of [-18, -6]) {
    const jam = startedJam({ tempo: 120 })
    jam.play(ADA, 'drums', 480, { params: { gain, pan: gain / 20 } })
    jam.action(ADA, 'end', { at: BAR / 2 })
    const options = { stems: join(folder, `stems${gain}`), stemKinds: 'stems and raw' } as const
    const made = await replayed(folder, jam.entries, archives, options)
    const [stem = '', raw = '', ...more] = made.stems
    t.deepEqual([raw, more], [stem.replace(/\.wav$/, '.raw.wav'), []])
    const [a, b] = [await wavOf(stem), await wavOf(raw)]
    t.deepEqual([a.frames, b.frames], [made.frames, made.frames])
    stems.push(a.data)
    raws.push(b.data)
  }
  t.ok(raws[1] && raws[0]?.equals(raws[1]) && raws[0].some((byte) => byte !== 0))
  t.notOk(stems[1] && stems[0]?.equals(stems[1]))
})

offline('instances that would share a file do not', async (t, folder) => {
  const archives = await archivesOf({ a: sineWat(), 'a-b': sineWat() })
  const jam = startedJam({ tempo: 120 })
  for (const name of ['a', 'a-b']) jam.generator(ADA, name)
  jam.play(ADA, 'a-b', 0, { instance: 'c' })
  jam.play(ADA, 'a', 0, { instance: 'b-c' })
  jam.action(ADA, 'end', { at: 960 })
  const { stems } = await replayed(folder, jam.entries, archives, { stems: join(folder, 'stems') })
  const name = `${shortIdOf(ADA)}-a-b-c`
  t.deepEqual(stems, [join(folder, 'stems', `${name}.wav`), join(folder, 'stems', `${name}-2.wav`)])
})
