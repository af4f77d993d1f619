import { openBundleSource } from '../../bin/cli/bundle-source.ts'
import { pictureOf, watchedBy } from '../../bin/cli/picture.ts'
import { peopleOf } from '../../bin/cli/people.ts'
import { renderingOf, scoreOf } from '../../bin/cli/rendering.ts'
import { bundleOf, type Tune } from '../../fixtures/jams/tune.ts'
import { SAMPLE_RATE } from '../../lib/base/index.ts'
import { type Replayed, replay } from '../../lib/engine/index.ts'
import { Overview } from '../../lib/picture/index.ts'
import type { About } from './measure.ts'
import type { Part, Rendered } from './render.ts'

/** A tune's bundle, replayed. */
export interface Replay {
  readonly replayed: Replayed
  readonly rendered: Rendered
  readonly about: About
  readonly svg: string
}

/** Replays a bundle of fixtures/jams on all threads, and keeps what each instance gave. */
export async function replayTune(tune: Tune): Promise<Replay> {
  const source = await openBundleSource(bundleOf(tune.name))
  try {
    const score = scoreOf(source, {})
    const overview = new Overview()
    const watch = watchedBy(overview)
    const frames = score.end + 12 * SAMPLE_RATE
    const parts = new Map<string, Part>()
    const mix = emptyPart('mix', 0, frames)
    const began = process.cpuUsage()
    const replayed = await replay({
      ...renderingOf(source, score, { update: () => undefined, stop: () => undefined }, {}),
      onReport: watch.onReport,
      onStems(stems, at) {
        watch.onStems(stems, at)
        for (const { path, left, right } of stems) {
          const part = parts.get(path) ?? emptyPart(path.split('/')[2] ?? path, at, frames)
          parts.set(path, part)
          if (at + left.length > frames) continue
          part.left.set(left, at)
          part.right.set(right, at)
        }
      },
      async onSamples(samples, at) {
        await watch.onSamples(samples, at)
        for (let i = 0; 2 * i < samples.length && at + i < frames; i++) {
          mix.left[at + i] = samples[2 * i] ?? 0
          mix.right[at + i] = samples[2 * i + 1] ?? 0
        }
      },
    })
    const cpu = process.cpuUsage(began).user / 1e6
    const svg = pictureOf({ score, seen: [{ replayed, overview }] }, await peopleOf(source, score))
    const { grid } = score
    const rendered: Rendered = {
      grid,
      bar: (bar) => grid.frameOfBar(bar - 1),
      bars: tune.bars,
      parts: [...parts.values()],
      left: mix.left.subarray(0, replayed.frames),
      right: mix.right.subarray(0, replayed.frames),
      limited: replayed.reduction,
      changes: [],
      cpu,
    }
    return { replayed, rendered, about: aboutOf(tune), svg }
  } finally {
    await source.close()
  }
}

const emptyPart = (generator: string, start: number, frames: number): Part => ({
  generator,
  start,
  left: new Float32Array(frames),
  right: new Float32Array(frames),
})

/** What its score says of a tune's sections and instances. */
function aboutOf({ acts, bars, lattice, swells = [], silent = {} }: Tune): About {
  const contexts = acts.flatMap((act) =>
    'tag' in act && act.tag === 'context' ? [[act.bar, String(act.value)] as const] : [],
  )
  const contextAt = (bar: number): string => contexts.findLast(([from]) => from <= bar)?.[1] ?? ''
  const ends = new Map(acts.flatMap((act) => ('stop' in act ? [[act.stop, act.bar] as const] : [])))
  for (const act of acts) if ('play' in act && act.replaces !== undefined) ends.set(act.replaces, act.bar)
  const sections = contexts.map(([from, name], nth) => ({ name, from, to: contexts[nth + 1]?.[0] ?? bars + 1 }))
  return {
    sections,
    lattice: lattice.map(({ step, swing = 50 }) => ({ beats: beatsOf(step), swing: swing / 100 })),
    strikes: (part) => !swells.includes(part) && part !== 'room' && part !== 'echo',
    plays: (part, bar) =>
      part !== 'room' &&
      part !== 'echo' &&
      bar + 1 <= (ends.get(part) ?? Infinity) &&
      !silent[part]?.includes(contextAt(bar)),
  }
}

function beatsOf(step: string): number {
  const [over = 1, under = 16] = step.split('/').map(Number)
  return (4 * over) / under
}
