import { createHash } from 'node:crypto'
import test from 'tape'
import { BLOCK } from '../../lib/base/index.ts'
import type { Effect } from '../../lib/mix/bus.ts'
import { Chain } from '../../lib/mix/chain.ts'
import { Echo } from '../../lib/mix/echo.ts'
import { Room } from '../../lib/mix/room.ts'

/** Noise by a generator of Lehmer's, from -1 to 1, with what a chain must bear in between. */
function roughSignal(frames: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length: frames }, (_, i) => {
    state = (state * 48_271) % 2_147_483_647
    const x = (state / 2_147_483_647) * 2 - 1
    if (i % 9_001 === 4_500) return NaN
    if (i % 9_001 === 4_600) return Infinity
    if (i % 9_001 === 4_700) return -3e38
    if (i % 7_000 > 5_500) return 0
    // Around the level below which a tail is over, and where a float32 is next to nothing.
    if (i % 7_000 > 4_000) return x * 2e-4
    if (i % 7_000 > 3_900) return x * 1e-42
    return x * 1.6
  })
}

/** SHA-256 of what chains of several settings give, cut in several ways, and of how long they were quiet. */
function bitsOf(cut: (at: number) => number): string {
  const hash = createHash('sha256')
  const frames = 48_000
  const [inLeft, inRight] = [roughSignal(frames, 11), roughSignal(frames, 2_011)]
  for (const [gain, pan] of [
    [0, 0],
    [-3, 0.3],
    [6, -1],
    [-200, 0],
  ] as const) {
    const chain = new Chain(gain, pan)
    const left = new Float32Array(frames)
    const right = new Float32Array(frames)
    const quiet: number[] = []
    for (let at = 0; at < frames;) {
      if (at === 20_480) chain.balance.setGain(gain - 6, 3_000)
      if (at === 25_600) chain.balance.setPan(0.5, 0)
      if (at === 46_080) chain.release()
      const block = Math.min(cut(at), 128 - (at % 128), frames - at)
      const to = at + block
      chain.run(inLeft.subarray(at, to), inRight.subarray(at, to), left, right, at, block)
      at = to
      if (at % 128 === 0) quiet.push(chain.quiet)
    }
    hash.update(Buffer.from(left.buffer)).update(Buffer.from(right.buffer)).update(JSON.stringify(quiet))
  }
  return hash.digest('hex')
}

// Taken from the chain as it was when it worked frame by frame: a faster one has to give the same.
const BITS = '5baf954505e2ecc6a9400f668baa08d83053c6cb13f2c305b2db92fe0fc298c8'

test('the chain gives the bits that it always gave, however a block is cut', (t) => {
  t.equal(
    bitsOf(() => 128),
    BITS,
    'whole blocks',
  )
  t.equal(
    bitsOf((at) => 1 + ((at * 7) % 61)),
    BITS,
    'odd pieces',
  )
  t.end()
})

/** SHA-256 of what an effect gives for noise that stops half way, its tempo changing once. */
function bitsOfEffect(effect: Effect): string {
  const hash = createHash('sha256')
  const frames = 96_000
  const [inLeft, inRight] = [roughSignal(frames, 5), roughSignal(frames, 77)]
  const [left, right, outLeft, outRight] = Array.from({ length: 4 }, () => new Float64Array(BLOCK)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  for (let at = 0; at < frames; at += BLOCK) {
    for (let i = 0; i < BLOCK; i++) {
      const [l = 0, r = 0] = at + i < 48_000 ? [inLeft[at + i], inRight[at + i]] : []
      left[i] = Number.isFinite(l) ? Math.max(-1, Math.min(1, l)) : 0
      right[i] = Number.isFinite(r) ? Math.max(-1, Math.min(1, r)) : 0
    }
    effect.run(left, right, outLeft, outRight, (at < 60_000 ? 112 : 147.5) / 60 / 48_000)
    hash.update(Buffer.from(outLeft.buffer)).update(Buffer.from(outRight.buffer))
  }
  return hash.digest('hex')
}

test('room and echo give the bits of docs/engine-1.md', (t) => {
  t.equal(bitsOfEffect(new Room()), '7ba37c41b5000a85a70cf0459e820c3e9f2e79e0f5ac035e2a2791554c87d61f')
  t.equal(bitsOfEffect(new Echo()), '1a4eb9d6276a21bedc06eebb3f1e0d127ae8564feab7b55b09a3ce623e229a17')
  t.end()
})
