import type { EntryKey, Frames } from '../base/index.ts'
import type { VoiceFailure } from '../generators/index.ts'
import type { ConductorEvent, EndReason, InstancePath } from '../jam/index.ts'
import type { InstanceEvent } from '../mix/index.ts'

/** One instance as it sounded in a render; frames are the jam's. */
export interface Sound {
  /** The entry that asked for it. */
  readonly play: EntryKey
  readonly path: InstancePath
  readonly from: Frames
  /** The first frame in which nothing of it is heard any more, its tail included. */
  readonly to: Frames
  /** From which frame on it only fades or rings, and why; left out where it came to its end by itself or with the render. */
  readonly stopped?: { readonly frame: Frames; readonly reason: EndReason | VoiceFailure['code'] }
  /** Frames after its place at which it started; left out where it was in time. */
  readonly late?: Frames
}

type Stopped = NonNullable<Sound['stopped']>

interface Begun extends Omit<Sound, 'path' | 'to' | 'stopped'> {
  to?: Frames
  stopped?: Stopped
}

/** Keeps what sounds while it is rendered. */
export class Sounding {
  readonly #plays = new Map<InstancePath, Pick<Sound, 'play' | 'late'>>()
  readonly #sounds = new Map<InstancePath, Begun>()
  readonly #ambient = new Set<InstancePath>()

  /** Instances that asked for readings of the machine or the network. */
  get ambient(): Iterable<InstancePath> {
    return this.#ambient
  }

  /** Takes in what one quantum came to. */
  take(jam: readonly ConductorEvent[], instances: readonly InstanceEvent[]): void {
    for (const event of jam) {
      if (event.kind === 'started')
        this.#plays.set(event.path, { play: event.key, ...(event.late && { late: event.late.by }) })
      if (event.kind === 'ended') this.#stop(event.path, event.frame, event.reason)
    }
    for (const event of instances) {
      const { kind, path, frame } = event
      const started = this.#plays.get(path)
      const sound = this.#sounds.get(path)
      if (kind === 'started' && started) this.#sounds.set(path, { ...started, from: frame })
      if (kind === 'ambient') this.#ambient.add(path)
      if (kind === 'failed') this.#stop(path, frame, event.failure.code)
      if (kind === 'ended' && sound) sound.to ??= frame
    }
  }

  /** What came first ended it. */
  #stop(path: InstancePath, frame: Frames, reason: Stopped['reason']): void {
    const sound = this.#sounds.get(path)
    if (sound) sound.stopped ??= { frame, reason }
  }

  /** What sounded within [first, end), by first frame, then by entry. */
  within(first: Frames, end: Frames): readonly Sound[] {
    const all = [...this.#sounds].map(([path, { to = end, ...begun }]) => ({ ...begun, path, to: Math.min(to, end) }))
    return all
      .filter(({ from, to }) => from < end && to > first)
      .sort((a, b) => a.from - b.from || (a.play < b.play ? -1 : 1))
  }
}
