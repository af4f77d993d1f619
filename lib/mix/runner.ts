import type { BlobId, Millis } from '../base/index.ts'
import type { PreparedGenerator } from '../generators/index.ts'
import { VoiceGroup, type GroupInit } from './group.ts'
import { Load } from './load.ts'
import { Slots } from './slots.ts'
import type { GroupReport, Quantum, ShortIds } from './types.ts'

/**
 * Renders a group's share of each quantum, here or on another thread. `begin` hands the work over, `finish` waits for it;
 * a renderer begins all of its runners before it finishes the first.
 */
export interface GroupRunner {
  /** Where the stems of the quantum finished last are. */
  readonly slots: Slots
  /** Why it renders no more, once it does not: a thread that died. */
  readonly failure: string | undefined
  /** What its quanta took of late, in milliseconds; 0 where nobody measures. */
  readonly load: Millis
  /** Makes an archive known, before the first start of one of its instances. */
  prepare(archive: BlobId, prepared: PreparedGenerator): void
  /** Lets go of one of which no instance sounds. */
  forget(archive: BlobId): void
  /** What short ids in tag paths stand for, from the next quantum on. */
  know(shortIds: ShortIds): void
  begin(quantum: Quantum): void
  finish(): GroupReport
  close(): Promise<void>
}

export interface LocalInit extends Omit<GroupInit, 'slots' | 'archives'> {
  /** A monotonic clock by which its load is measured; it changes no sample. */
  readonly now?: () => Millis
}

/** A group on the caller's own thread. */
export class LocalRunner implements GroupRunner {
  readonly slots: Slots
  readonly failure = undefined
  readonly #group: VoiceGroup
  readonly #archives = new Map<BlobId, PreparedGenerator>()
  readonly #load: Load | undefined
  #quantum: Quantum | undefined

  constructor({ now, ...init }: LocalInit = {}) {
    this.slots = new Slots()
    this.#group = new VoiceGroup({ ...init, slots: this.slots, archives: this.#archives })
    this.#load = now && new Load(now)
  }

  get load(): Millis {
    return this.#load?.recent ?? 0
  }

  prepare(archive: BlobId, prepared: PreparedGenerator): void {
    this.#archives.set(archive, prepared)
  }

  forget(archive: BlobId): void {
    this.#archives.delete(archive)
  }

  know(shortIds: ShortIds): void {
    this.#group.know(shortIds)
  }

  begin(quantum: Quantum): void {
    this.#quantum = quantum
  }

  finish(): GroupReport {
    if (!this.#quantum) return { sets: [], events: [] }
    this.#load?.begin()
    const report = this.#group.render(this.#quantum)
    this.#load?.end()
    this.#quantum = undefined
    return report
  }

  async close(): Promise<void> {
    this.#group.close()
  }
}
