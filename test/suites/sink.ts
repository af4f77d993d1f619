import type { Test } from 'tape'
import type { Sink } from '../../lib/sink/index.ts'
import { codeOf } from '../helpers/hosts.ts'

/** A fresh sink, and where what it took can be looked at. */
export interface SinkUnderTest {
  readonly sink: Sink
  /** The bytes of the samples that it took since it was opened last, once it is closed; a sink that keeps nothing has none. */
  readonly kept?: () => Promise<Uint8Array>
  /** It fills up its last period with silence, or plays one more: of so many frames. */
  readonly period?: number
  readonly teardown: () => Promise<void>
}
type Tape = (name: string, run: (t: Test) => Promise<void>) => void

/** Frames of a known signal; no two samples near each other are alike. */
export function signal(frames: number, first = 0): Float32Array {
  return Float32Array.from({ length: frames * 2 }, (_, i) => {
    const frame = first + (i >> 1)
    return (((frame * 7919) % 65_521) / 65_521 - 0.5) * (i % 2 === 0 ? 1 : -0.5)
  })
}

const bytesOf = (samples: Float32Array): Buffer => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)

/** What every sink must do, wherever its sound goes. `factory` gives a fresh one that is not open, with its teardown. */
export function sinkSuite(test: Tape, name: string, factory: () => Promise<SinkUnderTest>): void {
  const withSink = (title: string, body: (t: Test, under: SinkUnderTest) => Promise<void>): void =>
    test(`${name}: ${title}`, async (t) => {
      const under = await factory()
      try {
        await body(t, under)
      } finally {
        await under.sink.close()
        await under.teardown()
      }
    })

  /** Writes pieces of all sizes from one array that is used again and again. */
  async function play(sink: Sink, pieces: readonly number[]): Promise<Float32Array> {
    const all = signal(pieces.reduce((sum, frames) => sum + frames, 0))
    const reused = new Float32Array(Math.max(...pieces) * 2)
    let at = 0
    for (const frames of pieces) {
      const piece = reused.subarray(0, frames * 2)
      piece.set(all.subarray(at, at + frames * 2))
      await sink.write(piece)
      reused.fill(NaN)
      at += frames * 2
    }
    return all
  }

  async function compare(t: Test, { kept, period }: SinkUnderTest, all: Float32Array): Promise<void> {
    if (!kept) return
    const got = Buffer.from(await kept())
    const want = bytesOf(all)
    if (period === undefined) t.equal(got.length, want.length, 'as long as it was played')
    else t.ok(got.length >= want.length && got.length <= want.length + period * 8, 'and no more than its last period')
    t.ok(got.subarray(0, want.length).equals(want), 'byte for byte what went in')
    t.ok(
      got.subarray(want.length).every((byte) => byte === 0),
      'and silence at most after it',
    )
  }

  withSink('takes pieces of every size and keeps them byte for byte', async (t, under) => {
    await under.sink.open()
    const all = await play(under.sink, [1, 127, 128, 480, 4_800, 9_601, 3])
    await under.sink.close()
    t.equal(all.length, 2 * 15_140)
    await compare(t, under, all)
  })

  withSink('takes as much as comes, at its own pace', async (t, under) => {
    await under.sink.open()
    const all = await play(
      under.sink,
      Array.from({ length: 100 }, () => 1_200),
    )
    await under.sink.close()
    t.equal(all.length, 2 * 120_000)
    await compare(t, under, all)
  })

  withSink('can be opened again after it was closed, and begins anew', async (t, under) => {
    await under.sink.open()
    await play(under.sink, [10_000])
    await under.sink.close()
    await under.sink.open()
    const all = await play(under.sink, [500])
    await under.sink.close()
    t.equal(all.length, 1_000)
    await compare(t, under, all)
  })

  withSink('takes nothing before it is open nor after it was closed; closing twice is closing', async (t, { sink }) => {
    t.equal(await codeOf(sink.write(signal(16))), 'SINK_LOST', 'not open yet')
    await sink.close()
    await sink.open()
    await sink.write(signal(16))
    await Promise.all([sink.close(), sink.close()])
    await sink.close()
    t.equal(await codeOf(sink.write(signal(16))), 'SINK_LOST', 'closed')
  })
}
