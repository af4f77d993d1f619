import type { EntryKey, Frames } from '../base/index.ts'
import type { ConductorEvent, InstancePath } from '../jam/index.ts'
import type { InstanceEvent } from '../mix/index.ts'

/** One instance as it sounded in a render; frames are the jam's. */
export interface Sound {
  /** The entry that asked for it. */
  readonly play: EntryKey
  readonly path: InstancePath
  readonly from: Frames
  /** The first frame in which nothing of it is heard any more, its tail included. */
  readonly to: Frames
}

/** Keeps what sounds while it is rendered. */
export class Sounding {
  readonly #plays = new Map<InstancePath, EntryKey>()
  readonly #sounds = new Map<InstancePath, { play: EntryKey; from: Frames; to?: Frames }>()

  readonly #ambient = new Set<InstancePath>()

  /** Instances that asked for readings of the machine or the network. */
  get ambient(): Iterable<InstancePath> {
    return this.#ambient
  }

  /** Takes in what one quantum came to. */
  take(jam: readonly ConductorEvent[], instances: readonly InstanceEvent[]): void {
    for (const event of jam) if (event.kind === 'started') this.#plays.set(event.path, event.key)
    for (const { kind, path, frame } of instances) {
      const play = this.#plays.get(path)
      const sound = this.#sounds.get(path)
      if (kind === 'started' && play !== undefined) this.#sounds.set(path, { play, from: frame })
      if (kind === 'ambient') this.#ambient.add(path)
      if (kind === 'ended' && sound) sound.to ??= frame
    }
  }

  /** What sounded within [first, end), by first frame, then by entry. */
  within(first: Frames, end: Frames): readonly Sound[] {
    const all = [...this.#sounds].map(([path, { play, from, to = end }]) => ({
      play,
      path,
      from,
      to: Math.min(to, end),
    }))
    return all
      .filter(({ from, to }) => from < end && to > first)
      .sort((a, b) => a.from - b.from || (a.play < b.play ? -1 : 1))
  }
}
