import test from 'tape'
import { gainOfDecibels, type EntryKey } from '../../lib/base/index.ts'
import { Grid, PendingTags, TagFlow, type Command } from '../../lib/jam/index.ts'
import { FADE_FRAMES, LocalRunner, Renderer, renderOffline, TAIL_FRAMES } from '../../lib/mix/index.ts'
import { startPool } from '../../lib/mix/node/pool.ts'
import {
  archiveFrom,
  FixedConductor,
  GRID,
  localRunners,
  paramAt,
  PARAMS,
  PLAYER,
  probeWat,
  pulses,
  renderAll,
  sha256,
  sineWat,
  specOf,
  startAt,
  stopAt,
  type Rendered,
} from '../helpers/mix.ts'

const SECOND = 48_128
const rms = (signal: Float32Array): number => Math.sqrt(signal.reduce((sum, x) => sum + x * x, 0) / signal.length)
const isSilent = (signal: Float32Array): boolean => signal.every((x) => x === 0)
const silence = (frames: number): Float32Array => new Float32Array(frames)

test('returns are stems of their own: all of them add up to the mix, and what sends is as it was', async (t) => {
  const tone = await archiveFrom(sineWat({ hertz: 333 }))
  const piece = (params: Record<string, number>): Command[] => {
    const spec = specOf(tone.archive, 'a', { params: { gain: -12, pan: 0.3, ...params } })
    return [startAt(77, spec), stopAt(40_000, spec)]
  }
  const plain = renderAll([tone], piece({}), SECOND)
  const sent = renderAll([tone], piece({ room: 0.5, echo: 0.25 }), SECOND)
  t.deepEqual([...plain.stems.keys()], ['a'], 'without a send there are no returns')
  t.deepEqual(sent.stems.get('a'), plain.stems.get('a'), 'a send changes no stem')
  t.deepEqual(renderAll([tone], piece({ room: 0, echo: 0 }), SECOND).left, plain.left, 'a send of 0 is none')
  const parts = ['a', 'room', 'echo'].map((name) => sent.stems.get(name)!)
  for (const side of ['left', 'right'] as const) {
    const sum = sent[side].map((_, i) => parts.reduce((all, part) => all + part[side][i]!, 0))
    t.deepEqual(sum, sent[side], `${side}: the mix before the limiter is their sum`)
  }
  t.ok(parts.every((part) => rms(part.left) > 1e-4 && rms(part.right) > 1e-4))
  const { rawLeft } = sent.stems.get('room')!
  t.ok(
    rawLeft.every((x, i) => x === Math.fround(plain.stems.get('a')!.left[i]! * 0.5)),
    'raw is what was sent',
  )
  t.end()
})

test('the return of a bus is louder, softer, panned or mute in one\u2019s own mix alone, and never soloed', async (t) => {
  const tone = await archiveFrom(sineWat({ hertz: 333 }))
  const commands = [startAt(0, specOf(tone.archive, 'a', { params: { gain: -12, room: 0.5, echo: 0.5 } }))]
  const plain = renderAll([tone], commands, SECOND)
  const [own, room, echo] = ['a', 'room', 'echo'].map((name) => plain.stems.get(name)!)
  const at = 12_800
  for (const measured of ['all', 'limiter'] as const) {
    const made = renderAll([tone], commands, SECOND, {
      measured,
      before: (renderer, from) => {
        if (from === at) renderer.setMix({ kind: 'return', bus: 'room' }, { gain: -6, pan: 1, solo: true })
        if (from === at) renderer.setMix({ kind: 'return', bus: 'echo' }, { mute: true })
      },
    })
    t.deepEqual(made.stems, plain.stems, 'no stem is another')
    t.deepEqual(made.left.subarray(0, at), plain.left.subarray(0, at))
    const after = at + FADE_FRAMES
    const half = gainOfDecibels(-6)
    const expected = own!.right.map((x, i) => Math.fround(x + room!.right[i]! * half))
    t.deepEqual(made.right.subarray(after), expected.subarray(after), 'the room is softer, the echo gone')
    t.deepEqual(made.left.subarray(after), own!.left.subarray(after), 'panned away, and nothing else is mute')
    t.ok(rms(echo!.left.subarray(after)) > 1e-4, 'which rings on all the same')
    const { buses } = made.renderer.meters()
    if (measured === 'all') t.equal(buses.find(({ bus }) => bus === 'room')?.peak !== undefined, true)
    t.deepEqual(made.renderer.mixSettings()[0]?.state, { gain: -6, pan: 1, mute: false, solo: false })
  }
  t.end()
})

test('threads change no sample of a return', async (t) => {
  const tones = await Promise.all([110, 237, 391].map((hertz) => archiveFrom(sineWat({ hertz }))))
  const specs = tones.map(({ archive }, i) =>
    specOf(archive, `i${i}`, { at: i, params: { gain: -14, pan: i - 1, room: 0.2 * i, echo: 0.5 - 0.2 * i } }),
  )
  const commands = specs.flatMap((spec, i) => [
    startAt(i * 501, spec),
    paramAt(9_000 + i * 77, spec, 'room', 1, 5_000),
    paramAt(15_001 + i, spec, 'echo', 0.05 * i),
    stopAt(30_000 + i, spec),
  ])
  const local = renderAll(tones, commands, SECOND)
  const pool = await startPool(2)
  for (const runners of [localRunners(3), pool]) {
    const made = renderAll(tones, commands, SECOND, { runners })
    t.deepEqual(made.left, local.left)
    t.deepEqual(made.right, local.right)
    t.deepEqual(made.stems, local.stems)
  }
  await Promise.all(pool.map((runner) => runner.close()))
  t.end()
})

test("the player's own gain and mute act on what is sent", async (t) => {
  const tone = await archiveFrom(sineWat({ hertz: 200 }))
  const commands = [startAt(0, specOf(tone.archive, 'a', { params: { room: 1 } }))]
  const sentWith = (setting: { gain?: number; mute?: boolean }): Float32Array =>
    renderAll([tone], commands, SECOND, {
      before: (renderer, from) => {
        if (from === 1_280) renderer.setMix({ kind: 'player', player: PLAYER }, setting)
      },
    }).stems.get('room')!.rawLeft
  const plain = sentWith({})
  const softer = sentWith({ gain: -6 })
  const factor = gainOfDecibels(-6)
  const after = 1_280 + FADE_FRAMES
  t.ok(softer.subarray(after, 9_600).every((x, i) => x === Math.fround(plain[after + i]! * factor)))
  t.ok(isSilent(sentWith({ mute: true }).subarray(after)), 'nothing is sent of what is muted')
  t.end()
})

test('a send moves in a straight line, and one at once takes 240 frames', async (t) => {
  const one = await archiveFrom(probeWat(), PARAMS)
  const tone = await archiveFrom(sineWat({ hertz: 1_000 }))
  const spec = specOf(tone.archive, 'a', { params: { room: 0.25 } })
  const commands = [startAt(0, spec), paramAt(2_000, spec, 'room', 0.75, 1_000), paramAt(6_017, spec, 'room', NaN)]
  const made = renderAll([one, tone], [...commands, paramAt(7_001, spec, 'room', -3)], 9_600)
  const [stem, { rawLeft }] = [made.stems.get('a')!.left, made.stems.get('room')!]
  const level = (i: number): number => (i < 2_000 ? 0.25 : i < 3_000 ? 0.25 + 0.5 * ((i - 2_000) / 1_000) : 0.75)
  t.ok(
    rawLeft.subarray(0, 7_001).every((x, i) => x === Math.fround(stem[i]! * level(i))),
    'to the frame',
  )
  t.equal(rawLeft[7_121], Math.fround(stem[7_121]! * 0.375), 'half way after 120 frames')
  t.ok(isSilent(rawLeft.subarray(7_241)), 'below 0 is 0')
  t.end()
})

test('no block is cut for a send, and a generator keeps a parameter of its own by that name', async (t) => {
  const own = await archiveFrom(probeWat(), { params: [{ name: 'room', min: 0, max: 10, default: 2 }] })
  const plain = await archiveFrom(probeWat(), PARAMS)
  const [a, b] = [specOf(own.archive, 'own', { params: { room: 3 } }), specOf(plain.archive, 'plain', { at: 1 })]
  const commands = [startAt(0, a), startAt(0, b), paramAt(300, a, 'room', 5), paramAt(300, b, 'room', 1)]
  const made = renderAll([own, plain], commands, 512)
  t.deepEqual(pulses(made.stems.get('own')?.rawLeft), [
    [0, 3],
    [128, 3],
    [256, 3],
    [300, 5],
    [384, 5],
  ])
  t.deepEqual(
    pulses(made.stems.get('plain')?.rawLeft).map(([frame]) => frame),
    [0, 128, 256, 384],
  )
  t.ok(
    pulses(made.stems.get('room')?.rawLeft).every(([frame]) => frame > 300),
    'only the other sends',
  )
  t.end()
})

/** A burst of 1,000 Hz of 10 ms, sent alone. */
async function burst(params: Record<string, number>, seconds: number): Promise<Rendered> {
  const tone = await archiveFrom(sineWat({ hertz: 1_000 }))
  const spec = specOf(tone.archive, 'a', { params })
  return renderAll([tone], [startAt(0, spec), stopAt(480, spec)], seconds * SECOND)
}

/** Where a signal first rises above a level, from a frame on. */
const rise = (signal: Float32Array, level: number, from: number): number =>
  signal.findIndex((x, i) => i >= from && Math.abs(x) > level)

test('the echo comes after three sixteenths, left and right by turns, and is gone at last', async (t) => {
  const { stems, renderer } = await burst({ echo: 1 }, 12)
  const { left, right } = stems.get('echo')!
  const apart = GRID.frameOfBeat(0.75)
  const loudest = left.reduce((most, x) => Math.max(most, x), 0)
  for (const nth of [1, 2, 3, 4]) {
    const [near, far] = nth % 2 === 1 ? [left, right] : [right, left]
    const part = (signal: Float32Array): number => rms(signal.subarray(nth * apart, nth * apart + 720))
    t.ok(Math.abs(part(far) / part(near) - 0.25) < 0.05, `echo ${nth} on its side`)
    const found = rise(near, loudest * 0.02 * 0.5 ** nth, nth * apart - 480)
    t.ok(Math.abs(found - nth * apart) < 96, `echo ${nth} at ${found}, wanted ${nth * apart}`)
  }
  t.ok(isSilent(left.subarray(11 * SECOND)), 'silent in the end, to the last bit')
  t.ok(renderer.meters().instances.length === 0 && renderer.silent)
  t.end()
})

test('the echo follows the tempo without a click', async (t) => {
  const tone = await archiveFrom(sineWat({ hertz: 100 }))
  const grid = new Grid(
    [
      [0, 240],
      [1, 90],
    ].map(([bar = 0, tempo = 0]) => ({ bar, tempo, meter: '4/4', comparable: bar, key: String(bar) as EntryKey })),
  )
  const made = renderAll([tone], [startAt(0, specOf(tone.archive, 'a', { params: { echo: 1 } }))], 3 * SECOND, { grid })
  const { left } = made.stems.get('echo')!
  const change = grid.frameOfBar(1)
  const bend = (from: number, to: number): number =>
    left.subarray(from, to).reduce((most, x, i, part) => {
      if (i < 2) return most
      return Math.max(most, Math.abs(x - 2 * part[i - 1]! + part[i - 2]!))
    }, 0)
  const usual = bend(change - 4_800, change)
  t.ok(usual > 0)
  t.ok(bend(change - 2, change + 4_800) < 2 * usual, 'nothing bends more than a sine does')
  t.end()
})

test('the room rings for two seconds and is gone after five; both sides differ', async (t) => {
  const { stems } = await burst({ room: 1 }, 6)
  const { left, right } = stems.get('room')!
  const level = (from: number): number => rms(left.subarray(from, from + 9_600))
  const slope = 20 * Math.log10(level(24_000) / level(72_000))
  t.ok(Math.abs(slope - 30) < 4, `${slope.toFixed(1)} dB in a second`)
  t.ok(isSilent(left.subarray(0, 960)), 'a pre-delay of 20 ms')
  t.ok(isSilent(left.subarray(5 * SECOND)), 'silent in the end, to the last bit')
  const both = left.reduce((sum, x, i) => sum + x * right[i]!, 0) / (rms(left) * rms(right) * left.length)
  t.ok(Math.abs(both) < 0.4, `correlation ${both.toFixed(2)}`)
  const mean = left.reduce((sum, x) => sum + x, 0) / left.length
  t.ok(Math.abs(mean) < 1e-6, 'no constant')
  t.end()
})

test('one return is held below the ceiling whatever is sent', async (t) => {
  const tone = await archiveFrom(sineWat({ hertz: 220 }))
  const specs = Array.from({ length: 12 }, (_, at) =>
    specOf(tone.archive, `i${at}`, { at, params: { room: 1, echo: 1 } }),
  )
  const made = renderAll(
    [tone],
    specs.map((spec) => startAt(0, spec)),
    2 * SECOND,
  )
  for (const name of ['room', 'echo']) {
    const peak = made.stems.get(name)!.left.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
    t.equal(peak, 0.70794677734375, name)
  }
  t.end()
})

test('a render goes on until what rings is over, and no longer than 8 s', async (t) => {
  const tone = await archiveFrom(sineWat())
  const lengthOf = async (tempo: number, params: Record<string, number>): Promise<[number, number]> => {
    const grid = new Grid([{ bar: 0, tempo, meter: '4/4', comparable: 0, key: '' as EntryKey }])
    const conductor = new FixedConductor([startAt(0, specOf(tone.archive, 'a', { params }))], grid)
    const runners = [new LocalRunner()]
    const renderer = new Renderer({ conductor, flow: new TagFlow(), pending: new PendingTags(), runners, sha256 })
    renderer.prepare(tone.archive, tone.prepared)
    let frames = 0
    let last = silence(1)
    for await (const { at, left } of renderOffline({ renderer, to: 24_000 })) {
      frames = at + left.length
      last = left.slice()
    }
    t.ok(renderer.silent)
    return [frames - 24_000, Math.abs(last.at(-1) ?? 1)]
  }
  const [room, roomLast] = await lengthOf(112, { room: 0.5 })
  t.ok(room > 2 * SECOND && room < 6 * SECOND, `a room: ${room} frames`)
  t.ok(roomLast < 1e-5)
  const [echo, echoLast] = await lengthOf(20, { echo: 1 })
  t.ok(echo > TAIL_FRAMES - 512 && echo <= TAIL_FRAMES + 128, `slow echoes: ${echo} frames`)
  t.equal(echoLast, 0, 'faded out')
  t.end()
})
