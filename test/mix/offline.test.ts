import test from 'tape'
import { hasCode } from '../../lib/base/index.ts'
import { PendingTags, TagFlow, type Command } from '../../lib/jam/index.ts'
import {
  LocalRunner,
  Renderer,
  renderOffline,
  TAIL_FRAMES,
  type Chunk,
  type GroupRunner,
  type OfflineOptions,
} from '../../lib/mix/index.ts'
import { startPool } from '../../lib/mix/node/pool.ts'
import { generatorWat } from '../helpers/generators.ts'
import {
  archiveFrom,
  FixedConductor,
  localRunners,
  sha256,
  sineWat,
  specOf,
  startAt,
  stopAt,
  type TestArchive,
} from '../helpers/mix.ts'

function rendererOf(
  archives: readonly TestArchive[],
  commands: readonly Command[],
  runners: readonly GroupRunner[] = localRunners(1),
): Renderer {
  const renderer = new Renderer({
    conductor: new FixedConductor(commands),
    flow: new TagFlow(),
    pending: new PendingTags(),
    runners,
    sha256,
  })
  for (const { archive, prepared } of archives) renderer.prepare(archive, prepared)
  return renderer
}

async function collect(options: OfflineOptions): Promise<{ at: number; left: Float32Array }> {
  const chunks: Chunk[] = []
  for await (const chunk of renderOffline(options)) chunks.push(chunk)
  const left = new Float32Array(chunks.reduce((sum, c) => sum + c.left.length, 0))
  let frames = 0
  for (const chunk of chunks) {
    left.set(chunk.left, frames)
    frames += chunk.left.length
  }
  return { at: chunks[0]?.at ?? NaN, left }
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action
    return 'nothing was thrown'
  } catch (error) {
    return hasCode(error, 'CANCELLED') ||
      hasCode(error, 'MIX_REFUSED') ||
      hasCode(error, 'INTERNAL') ||
      hasCode(error, 'GENERATOR_TOO_SLOW') ||
      hasCode(error, 'GENERATOR_NO_MEMORY') ||
      hasCode(error, 'GENERATOR_TRAPPED')
      ? `${error.code}: ${error.message}`
      : String(error)
  }
}

test('a render ends at the multiple of 128 by which all is silent, and a part is a part of the whole', async (t) => {
  const tone = await archiveFrom(sineWat())
  const spec = specOf(tone.archive, 'a')
  const commands = [startAt(0, spec), stopAt(20_000, spec)]
  const progress: number[] = []
  const whole = await collect({
    renderer: rendererOf([tone], commands),
    to: 24_000,
    onProgress: (frames) => progress.push(frames),
  })
  t.equal(whole.at, 0)
  t.equal(whole.left.length, 24_064)
  t.equal(progress.at(-1), 24_000)
  const part = await collect({ renderer: rendererOf([tone], commands), from: 9_001, to: 24_000 })
  t.equal(part.at, 9_001)
  t.deepEqual(part.left, whole.left.subarray(9_001))
  const early = await collect({ renderer: rendererOf([tone], commands), to: 10_000 })
  t.deepEqual(early.left.subarray(0, 10_000), whole.left.subarray(0, 10_000), 'ended early: the same up to there')
  t.equal(early.left.length, Math.ceil((10_000 + 240) / 128) * 128, 'and a fade')
  t.end()
})

test('tails after the end are rendered, for 8 s at most', async (t) => {
  const tail = await archiveFrom(sineWat({ status: '(i32.const 1)', tail: '(func (export "mm_stop"))' }))
  const { left } = await collect({ renderer: rendererOf([tail], [startAt(0, specOf(tail.archive, 'a'))]), to: 1_280 })
  t.ok(left.length > 1_280 + TAIL_FRAMES - 512 && left.length <= 1_280 + TAIL_FRAMES, `${left.length} frames`)
  t.equal(left.at(-1), 0)
  t.end()
})

test('stems come with each quantum', async (t) => {
  const tone = await archiveFrom(sineWat())
  const at: number[] = []
  const names = new Set<string>()
  await collect({
    renderer: rendererOf([tone], [startAt(0, specOf(tone.archive, 'a'))]),
    from: 500,
    to: 1_280,
    onStems: (stems, first) => {
      at.push(first)
      for (const stem of stems) names.add(stem.path)
    },
  })
  t.deepEqual(
    at,
    [384, 512, 640, 768, 896, 1_024, 1_152, 1_280, 1_408],
    'from the quantum that holds `from` to the last fade',
  )
  t.equal(names.size, 1)
  t.end()
})

test('what a replay may not pass silently is an error that names the instance', async (t) => {
  const tone = await archiveFrom(sineWat())
  const trap = await archiveFrom(generatorWat({ process: 'unreachable' }))
  const spec = specOf(tone.archive, 'slow')
  const missing = collect({ renderer: rendererOf([], [startAt(0, spec)]), to: 1_280 })
  t.ok((await codeOf(missing)).startsWith(`MIX_REFUSED: ${spec.path}`))
  let now = 0
  const guarded = [new LocalRunner({ guard: { now: () => (now += 101), millis: 100 } })]
  const slow = collect({ renderer: rendererOf([tone], [startAt(0, spec)], guarded), to: 1_280 })
  t.ok((await codeOf(slow)).startsWith(`GENERATOR_TOO_SLOW: ${spec.path}`))
  const bad = specOf(trap.archive, 'bad')
  const commands = [startAt(0, bad)]
  t.equal(
    (await collect({ renderer: rendererOf([trap], commands), to: 1_280 })).left.length,
    1_280,
    'a trap is part of the score',
  )
  const outOfMemory = (): never => {
    throw new RangeError('Array buffer allocation failed')
  }
  const poor = [new LocalRunner({ runtime: { start: outOfMemory } })]
  const lacking = collect({ renderer: rendererOf([tone], [startAt(0, spec)], poor), to: 1_280 })
  t.ok((await codeOf(lacking)).startsWith(`GENERATOR_NO_MEMORY: ${spec.path}`), 'another machine may have it')
  const strict = collect({ renderer: rendererOf([trap], commands), to: 1_280, refuse: 'any failure' })
  t.ok((await codeOf(strict)).startsWith(`GENERATOR_TRAPPED: ${bad.path}`))
  const controller = new AbortController()
  const given = collect({
    renderer: rendererOf([], []),
    to: 128_000,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  })
  t.ok((await codeOf(given)).startsWith('CANCELLED'))
  t.end()
})

test('a thread that dies ends a render with an error: its instances do not just fall silent', async (t) => {
  const tone = await archiveFrom(sineWat())
  const [runner] = await startPool(1)
  const renderer = rendererOf([tone], [startAt(0, specOf(tone.archive, 'a'))], runner ? [runner] : [])
  let dying: Promise<void> | undefined
  const onReport = (): void => {
    dying ??= runner?.terminate()
  }
  t.match(await codeOf(collect({ renderer, to: 48_000, onReport })), /^INTERNAL: .*thread was ended/)
  await dying
  await runner?.close()
  t.end()
})
