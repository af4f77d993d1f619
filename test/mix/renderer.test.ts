import test from 'tape'
import { gainOfDecibels, hasCode, type PlayerRef } from '../../lib/base/index.ts'
import { FADE_FRAMES, LIMITER_CEILING, type MixTarget } from '../../lib/mix/index.ts'
import { archiveFrom, eventsOf, PLAYER, renderAll, sineWat, specOf, startAt, stopAt } from '../helpers/mix.ts'

const FRAMES = 2_560

test('the mix before the limiter is the sum of the stems, in score order', async (t) => {
  const [low, high] = [await archiveFrom(sineWat({ hertz: 110 })), await archiveFrom(sineWat({ hertz: 317 }))]
  const commands = [
    startAt(0, specOf(high.archive, 'high', { at: 5, params: { gain: -12 } })),
    startAt(100, specOf(low.archive, 'low', { params: { gain: -10, pan: -0.5 } })),
  ]
  const { left, right, stems, renderer } = renderAll([low, high], commands, FRAMES)
  const [a, b] = [stems.get('low'), stems.get('high')]
  t.ok(
    left.every((x, i) => x === Math.fround((a?.left[i] ?? 9) + (b?.left[i] ?? 9))),
    'left',
  )
  t.ok(
    right.every((x, i) => x === Math.fround((a?.right[i] ?? 9) + (b?.right[i] ?? 9))),
    'right',
  )
  t.deepEqual(
    renderer.playing.map((path) => path.split('/')[2]),
    ['low', 'high'],
    'by `at`, not by start',
  )
  t.equal(renderer.meters().reduction, 0)
  t.end()
})

test('many loud voices stay under the ceiling and leave each stem as it is', async (t) => {
  const tone = await archiveFrom(sineWat({ phase: 0.25 }))
  const specs = Array.from({ length: 6 }, (_, at) => specOf(tone.archive, `i${at}`, { at, params: { gain: 24 } }))
  const made = renderAll(
    [tone],
    specs.map((spec) => startAt(0, spec)),
    FRAMES,
  )
  const peak = made.left.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  t.equal(peak, LIMITER_CEILING)
  const alone = renderAll(
    [tone],
    specs.slice(0, 1).map((spec) => startAt(0, spec)),
    FRAMES,
  )
  t.deepEqual(made.stems.get('i0'), alone.stems.get('i0'))
  const { reduction, master, instances } = made.renderer.meters()
  t.ok(reduction > 10, `the limiter took ${reduction.toFixed(1)} dB`)
  t.equal(master.peak, LIMITER_CEILING)
  t.equal(instances.length, 6)
  t.ok(instances.every(({ peak: p, rms }) => p > 0.7 && rms > 0.4 && rms < p))
  t.end()
})

const rms = (signal: Float32Array): number => Math.sqrt(signal.reduce((sum, x) => sum + x * x, 0) / signal.length)

for (const [what, target] of [
  ['instance', { kind: 'instance', path: `${PLAYER}/test/a` }],
  ['track', { kind: 'track', track: 'lead' }],
  ['player', { kind: 'player', player: PLAYER }],
] as [string, MixTarget][]) {
  test(`the player's own gain, pan and mute by ${what} change the mix without a step, and no stem`, async (t) => {
    const tone = await archiveFrom(sineWat(), { track: 'lead' })
    const commands = [startAt(0, specOf(tone.archive, 'a'))]
    const plain = renderAll([tone], commands, 9_600)
    const made = renderAll([tone], commands, 9_600, {
      before: (renderer, from) => {
        if (from === 2_560) renderer.setMix(target, { gain: -6, pan: 1 })
        if (from === 6_400) renderer.setMix(target, { mute: true })
      },
    })
    t.deepEqual(made.stems, plain.stems)
    t.deepEqual(made.left.subarray(0, 2_560), plain.left.subarray(0, 2_560))
    t.ok(
      made.left.subarray(2_560 + FADE_FRAMES, 6_400).every((x) => x === 0),
      'panned away',
    )
    const level = rms(made.right.subarray(3_840, 6_240)) / rms(plain.right.subarray(3_840, 6_240))
    t.ok(Math.abs(level - gainOfDecibels(-6)) < 1e-6, 'half as loud on the right')
    t.ok(
      made.right.subarray(6_400 + FADE_FRAMES).every((x) => x === 0),
      'muted',
    )
    const steps = made.right.map((x, i) => Math.abs(x - (made.right[i - 1] ?? 0)))
    t.ok(
      steps.every((step) => step < 0.02),
      'no click',
    )
    t.end()
  })
}

test('meters tell what is heard: after the fader, of tracks together, of returns that ring', async (t) => {
  const tone = await archiveFrom(sineWat({ phase: 0.25 }), { track: 'lead' })
  const other = await archiveFrom(sineWat({ hertz: 317 }))
  const specs = ['a', 'b'].map((name, at) => specOf(tone.archive, name, { at, params: { gain: -6 } }))
  const quiet = specOf(other.archive, 'c', { at: 2, params: { room: 1 } })
  const made = renderAll(
    [tone, other],
    [...specs, quiet].map((spec) => startAt(0, spec)),
    48_000,
    {
      before: (renderer, from) => {
        if (from === 24_064) renderer.setMix({ kind: 'instance', path: quiet.path }, { mute: true })
        if (from === 24_576) renderer.meters()
      },
    },
  )
  const { instances, tracks, buses, master, loudness } = made.renderer.meters()
  const [a, , c] = instances
  const near = (x: number | undefined, y: number): boolean => Math.abs((x ?? 9) - y) < 0.002
  t.ok(near(a?.peak, 0.5 * gainOfDecibels(-6)) && near(a?.rms, (0.5 * gainOfDecibels(-6)) / Math.SQRT2), 'an instance')
  t.deepEqual([c?.peak, c?.rms], [0, 0], 'what is muted is silent')
  t.deepEqual(
    tracks.map(({ track }) => track),
    ['lead'],
  )
  t.ok(near(tracks[0]?.peak, gainOfDecibels(-6)), 'two alike are twice as much')
  t.ok(buses.length === 1 && buses[0]!.bus === 'room' && buses[0]!.rms > 0, 'the room rings on')
  t.ok(master.rms > tracks[0]!.rms * 0.99 && loudness.momentary > -30, 'the mix')
  t.end()
})

test('solo leaves what is soloed, for those that start later too', async (t) => {
  const tone = await archiveFrom(sineWat({ phase: 0.1 }))
  const specs = ['a', 'b', 'c'].map((name, at) => specOf(tone.archive, name, { at }))
  const commands = specs.map((spec, i) => startAt(i === 2 ? 1_280 : 0, spec))
  const made = renderAll([tone], commands, FRAMES, {
    before: (renderer, from) => {
      if (from === 0) renderer.setMix({ kind: 'instance', path: specs[1]!.path }, { solo: true })
    },
  })
  t.deepEqual(made.left, made.stems.get('b')?.left)
  t.end()
})

test('settings are held to their ranges and bounded in number', async (t) => {
  const { renderer } = renderAll([], [], 128)
  t.deepEqual(renderer.setMix({ kind: 'track', track: 'x' }, { gain: 99, pan: -4 }), {
    gain: 24,
    pan: -1,
    mute: false,
    solo: false,
  })
  t.equal(renderer.setMix({ kind: 'track', track: 'x' }, { gain: NaN })?.gain, 24, 'NaN changes nothing')
  for (let i = 0; i < 2_000; i++) renderer.setMix({ kind: 'track', track: `t${i}` }, { mute: true })
  t.equal(renderer.mixSettings().length, 1_024)
  t.equal(renderer.setMix({ kind: 'track', track: 'more' }, {}), undefined)
  t.end()
})

test('a start without archive, twice or one too many is refused by name', async (t) => {
  const tone = await archiveFrom(sineWat())
  const other = await archiveFrom(sineWat({ hertz: 50 }))
  const spec = specOf(tone.archive, 'a')
  const made = renderAll([tone], [startAt(0, specOf(other.archive, 'lost')), startAt(0, spec), startAt(200, spec)], 256)
  t.deepEqual(eventsOf(made), ['refused lost 0', 'started a 0', 'refused a 200'])
  const refused = (count: number, players: number): string[] => {
    const many = Array.from({ length: count }, (_, i) => {
      const player = Buffer.alloc(32, i % players).toString('base64url') as PlayerRef
      return startAt(0, specOf(tone.archive, `i${i}`, { at: i, player }))
    })
    return eventsOf(renderAll([tone], many, 128)).filter((e) => e.startsWith('refused'))
  }
  t.deepEqual(refused(257, 5), ['refused i256 0'], 'of all')
  t.deepEqual(refused(66, 1), ['refused i64 0', 'refused i65 0'], 'of a player')
  t.end()
})

test('a slot is free again when its instance has ended, and an instance may be detached', async (t) => {
  const tone = await archiveFrom(sineWat())
  const commands = Array.from({ length: 300 }, (_, i) => {
    const spec = specOf(tone.archive, `i${i}`, { at: i })
    return [startAt(i * 512, spec), stopAt(i * 512 + 256, spec)]
  }).flat()
  const made = renderAll([tone], commands, 512 * 300)
  t.equal(eventsOf(made).filter((e) => e.startsWith('ended')).length, 300)
  const spec = specOf(tone.archive, 'a')
  const detached = renderAll([tone], [startAt(0, spec)], 1_024, {
    before: (renderer, from) => {
      if (from === 256) renderer.detach(spec.path)
    },
  })
  t.deepEqual(eventsOf(detached), ['started a 0', 'ended a 512'])
  t.end()
})

test('the end of the jam stops everything on its frame', async (t) => {
  const tone = await archiveFrom(sineWat())
  const made = renderAll([tone], [startAt(0, specOf(tone.archive, 'a')), { kind: 'end', frame: 333 }], 1_024)
  t.ok(Math.abs(made.left[400] ?? 0) > 0)
  t.ok(made.left.subarray(333 + FADE_FRAMES - 1).every((x) => x === 0))
  t.end()
})

test('live, the mix may go on later, never earlier', async (t) => {
  const tone = await archiveFrom(sineWat())
  const late = specOf(tone.archive, 'a')
  const made = renderAll([tone], [startAt(0, late)], 1_280, {
    before: (renderer, from) => {
      if (from === 640) renderer.skipTo(renderer.frame + 4_800 - (4_800 % 128))
    },
  })
  t.equal(made.renderer.frame, 1_280 + 4_736)
  t.deepEqual(made.renderer.playing, [late.path])
  for (const frame of [0, 6_100]) {
    try {
      made.renderer.skipTo(frame)
      t.fail(`${frame} was taken`)
    } catch (error) {
      t.ok(hasCode(error, 'INTERNAL'))
    }
  }
  t.end()
})
