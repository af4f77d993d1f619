import { MarmaladeError, refOf } from '../../lib/base/index.ts'
import type { Handlers } from '../../lib/host/index.ts'
import type { JamState, TagValue } from '../../lib/jam/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { JamsApi } from '../jams/index.ts'
import type { soundContract, TagRow } from './contract.ts'
import type { Stand } from './stand.ts'

/** Points that wait for who watches; of more the oldest are left out, and counted. */
const MAX_WAITING = 1_024

/** What is asked about the tags of the jam that sounds: as this node has heard them, whoever set them. */
export function tagHandlers(stand: Stand, feeds: FeedsApi, jams: JamsApi): Handlers<typeof soundContract>['tags'] {
  return {
    async get({ path, last }) {
      const playing = stand.sounding()
      const { heard, jam } = playing
      const glob = globOf(heard.state, path, feeds)
      const tag = heard.state.newest(glob)
      const points = last === undefined ? {} : { points: await playing.points({ glob, last }) }
      return tag ? { path, value: tag.value, frame: tag.frame, ...points } : { path, frame: jams.now(jam), ...points }
    },
    async *history({ path, from, to, last }) {
      const playing = stand.sounding()
      const { grid } = playing.jam.ledger
      yield* await playing.points({
        glob: globOf(playing.heard.state, path, feeds),
        ...(from !== undefined && { from: grid.frameOfBar(from - 1) }),
        ...(to !== undefined && { to: grid.frameOfBar(to - 1) }),
        ...(last !== undefined && { last }),
      })
    },
    async *watch({ path }, { signal }) {
      const { heard } = stand.sounding()
      const listening = untilOver(stand, signal)
      try {
        yield* rowsOf(heard.state, globOf(heard.state, path, feeds), listening.signal)
      } finally {
        listening.stop()
      }
    },
    async until({ path, value }, { signal }) {
      const { heard } = stand.sounding()
      const listening = untilOver(stand, signal)
      const passes = (now: TagValue): boolean => value === undefined || now === value
      try {
        const point = await heard.state.until(globOf(heard.state, path, feeds), passes, listening.signal)
        return { path, value: point.value, frame: point.frame }
      } finally {
        listening.stop()
      }
    },
  }
}

/** A signal that is aborted when the caller gives up, with NOT_SOUNDING when the jam is over, and once it is stopped. */
function untilOver(stand: Stand, caller: AbortSignal): { readonly signal: AbortSignal; stop(): void } {
  const over = new AbortController()
  const signal = AbortSignal.any([caller, over.signal])
  // With a report or without one; who gave up before has no use for it.
  const end = (): void => over.abort(new MarmaladeError('NOT_SOUNDING', 'the jam sounds here no more'))
  stand.finished(signal).then(end, end)
  return { signal, stop: () => over.abort() }
}

/** Each point that a glob finds from now on. */
async function* rowsOf(state: JamState, glob: string, signal: AbortSignal): AsyncGenerator<TagRow> {
  const waiting: TagRow[] = []
  let missed = 0
  let wake: () => void = () => undefined
  const stop = state.subscribe(glob, (path, { value, frame }, before) => {
    waiting.push({ path, value, frame, ...(before > 0 && { missed: before }) })
    if (waiting.length > MAX_WAITING) missed += 1 + (waiting.shift()?.missed ?? 0)
    wake()
  })
  const ended = (): void => wake()
  signal.addEventListener('abort', ended)
  try {
    while (!signal.aborted) {
      const row = waiting.shift()
      if (!row) {
        await new Promise<void>((resolve) => (wake = resolve))
        continue
      }
      yield missed > 0 ? { ...row, missed: missed + (row.missed ?? 0) } : row
      missed = 0
    }
  } finally {
    signal.removeEventListener('abort', ended)
    stop()
  }
}

/** `ada/kick` as `<ref>/kick`; what it finds as it stands is left so. */
function globOf(state: JamState, path: string, feeds: FeedsApi): string {
  const slash = path.indexOf('/')
  if (slash < 1 || /^(jam|local|net|note|\*)\//.test(path) || state.match(path).length > 0) return path
  try {
    return refOf(feeds.directory.resolve(path.slice(0, slash))) + path.slice(slash)
  } catch {
    return path
  }
}
