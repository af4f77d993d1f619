/** Room and echo written once more, frame by frame, from docs/engine-1.md alone: no constant and no code is shared. */
import test from 'tape'
import { Echo } from '../../lib/mix/echo.ts'
import { Room } from '../../lib/mix/room.ts'

const FRAMES = 128 * 500
type Stereo = readonly [left: number, right: number]
type Step = (x: Stereo, frame: number) => Stereo

/** What went in so many frames ago. */
class Past {
  readonly #all: number[] = []
  ago(frames: number): number {
    return this.#all[this.#all.length - frames] ?? 0
  }
  push(x: number): void {
    this.#all.push(x)
  }
}

const small = (x: number): number => (x < 1e-20 && x > -1e-20 ? 0 : x)
const isLast = (frame: number): boolean => frame % 128 === 127

function entrance(lengths: readonly number[]): (x: number, frame: number) => number {
  const gains = [0.75, 0.75, 0.625, 0.625]
  const before = new Past()
  const rings = lengths.map(() => new Past())
  let low = 0
  return (x, frame) => {
    low += 0.026 * (x - low)
    let y = before.ago(960)
    before.push(x - low)
    if (isLast(frame)) low = small(low)
    gains.forEach((g, k) => {
      const past = rings[k]!.ago(lengths[k]!)
      const v = y + g * past
      y = past - g * v
      rings[k]!.push(small(v))
    })
    return y
  }
}

const LINES = [1_447, 1_613, 1_861, 2_131, 2_389, 2_683, 3_023, 3_407]
const GAINS = [0.901117, 0.890418, 0.874669, 0.85784, 0.842061, 0.824435, 0.80451, 0.782585]
const SHARES = [0.759386, 0.733046, 0.694437, 0.653519, 0.615612, 0.573947, 0.52793, 0.478891]

function room(): Step {
  const ways = [entrance([229, 173, 613, 449]), entrance([241, 181, 631, 463])] as const
  const lines = LINES.map(() => new Past())
  const d = LINES.map(() => 0)
  return ([l, r], frame) => {
    const come: Stereo = [ways[0](l, frame), ways[1](r, frame)]
    const tap = lines.map((line, k) => {
      d[k]! += SHARES[k]! * (line.ago(LINES[k]!) - d[k]!)
      const value = GAINS[k]! * d[k]!
      if (isLast(frame)) d[k] = small(d[k]!)
      return value
    }) as [number, number, number, number, number, number, number, number]
    const h = 0.3535533905932738
    for (const side of [0, 1] as const) {
      const [p, q, u, v] = [0, 2, 4, 6].map((k) => (side === 0 ? tap[k]! + tap[k + 1]! : tap[k]! - tap[k + 1]!)) as [
        number,
        number,
        number,
        number,
      ]
      const x = come[side]
      lines[side]!.push(h * (p + q + (u + v)) + x)
      lines[side + 2]!.push(h * (p - q + (u - v)) + x)
      lines[side + 4]!.push(h * (p + q - (u + v)) - x)
      lines[side + 6]!.push(h * (p - q - (u - v)) - x)
    }
    return [0.5 * (tap[0] + tap[2] - tap[4] - tap[6]), 0.5 * (tap[1] + tap[3] - tap[5] - tap[7])]
  }
}

function echo(beatsPerFrame: (frame: number) => number): Step {
  const lines = [new Past(), new Past()] as const
  const filters = [0, 1].map(() => ({ high: 0, low: 0 }))
  let [length, old, change] = [0, 0, -Infinity]
  return ([l, r], frame) => {
    const wanted = Math.floor(0.75 / beatsPerFrame(frame - (frame % 128)) + 0.5)
    if (length === 0) length = wanted
    if (frame % 128 === 0 && wanted !== length && frame - change >= 2_048)
      [old, length, change] = [length, wanted, frame]
    const x = (frame - change + 1) / 2_048
    const [a, b] = lines.map((line) => {
      const now = line.ago(length)
      return x > 1 ? now : line.ago(old) + (now - line.ago(old)) * (x * x * (3 - 2 * x))
    }) as [number, number]
    const into = [0.5 * (l + r) + 0.55 * b, 0.55 * a]
    filters.forEach((f, k) => {
      f.high += 0.4 * (into[k]! - f.high)
      f.low += 0.0156 * (f.high - f.low)
      lines[k]!.push(f.high - f.low)
      if (isLast(frame)) [f.high, f.low] = [small(f.high), small(f.low)]
    })
    return [a + 0.25 * b, b + 0.25 * a]
  }
}

/** Noise that stops, on both sides, then on one. */
function signal(): Stereo[] {
  let state = 4_711
  const next = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5
  return Array.from({ length: FRAMES }, (_, i) =>
    i < 9_000 ? [next(), next()] : i < 20_000 ? [0, 0] : i < 24_000 ? [next(), 0] : [0, 0],
  )
}

const tempo = (frame: number): number => (frame < 12_800 ? 240 : frame < 14_000 ? 300 : 270) / 2_880_000

for (const [name, effect, step] of [
  ['room', new Room(), room()],
  ['echo', new Echo(), echo(tempo)],
] as const) {
  test(`${name} is what docs/engine-1.md says, bit for bit`, (t) => {
    const [l, r, outLeft, outRight] = [0, 1, 2, 3].map(() => new Float64Array(128)) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ]
    const input = signal()
    let differs = -1
    for (let at = 0; at < FRAMES && differs < 0; at += 128) {
      for (let i = 0; i < 128; i++) [l[i], r[i]] = [...input[at + i]!]
      effect.run(l, r, outLeft, outRight, tempo(at))
      for (let i = 0; i < 128 && differs < 0; i++) {
        const [wantedLeft, wantedRight] = step(input[at + i]!, at + i)
        if (outLeft[i] !== wantedLeft || outRight[i] !== wantedRight) differs = at + i
      }
    }
    t.equal(differs, -1, 'no frame differs')
    t.ok(
      outLeft.some((x) => x !== 0),
      'and it still rings',
    )
    t.end()
  })
}
