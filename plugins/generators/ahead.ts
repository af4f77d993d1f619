import { hasCode, type BlobId, type PlayerId } from '../../lib/base/index.ts'

/** Archives of one player that wait to be fetched ahead: past it the oldest wish goes. */
const MAX_WAITING = 64
/** Wanted at once, in all and of one player: what one player names and nobody has keeps no other's from coming. */
const AT_ONCE = 128
const AT_ONCE_OF_ONE = 8

interface Init {
  /** Brings an archive here. */
  readonly fetch: (player: PlayerId, archive: BlobId) => Promise<void>
  /** Told of what could not be fetched; where nobody had it, it is tried again after the others. */
  readonly onFault: (archive: BlobId, error: unknown) => void
}

/** Fetches archives of tracked players before anybody asks for them to be played, the players taking turns. */
export class Ahead {
  readonly #init: Init
  readonly #waiting = new Map<PlayerId, Set<BlobId>>()
  readonly #running = new Map<BlobId, { readonly player: PlayerId; readonly done: Promise<void> }>()
  /** What there was no room for, of one player no more than of those that wait. */
  readonly #refused = new Map<PlayerId, Set<BlobId>>()
  #stopped = false

  constructor(init: Init) {
    this.#init = init
  }

  want(player: PlayerId, archive: BlobId): void {
    if (this.#stopped || this.#running.has(archive)) return
    const wishes = this.#waiting.get(player) ?? new Set()
    this.#waiting.set(player, wishes.add(archive))
    const [oldest] = wishes
    if (wishes.size > MAX_WAITING && oldest) wishes.delete(oldest)
    this.#next()
  }

  /** The player's archives are wanted no more; what is being fetched still comes. */
  forget(player: PlayerId): void {
    this.#waiting.delete(player)
    this.#refused.delete(player)
  }

  /** There may be room for what was refused for the quota's sake: each is tried once more. */
  tryRefused(): void {
    const refused = [...this.#refused]
    this.#refused.clear()
    for (const [player, archives] of refused) for (const archive of archives) this.want(player, archive)
  }

  /** Starts no more, and waits for what is being fetched: whoever stops it has to end that. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#waiting.clear()
    this.#refused.clear()
    await Promise.all([...this.#running.values()].map(({ done }) => done))
  }

  #next(): void {
    for (const [player, wishes] of [...this.#waiting]) {
      if (this.#running.size >= AT_ONCE) return
      for (const archive of wishes) {
        if (this.#runningOf(player) >= AT_ONCE_OF_ONE || this.#running.size >= AT_ONCE) break
        wishes.delete(archive)
        this.#start(player, archive)
      }
      // Whoever had a turn comes last.
      this.#waiting.delete(player)
      if (wishes.size > 0) this.#waiting.set(player, wishes)
    }
  }

  #runningOf(player: PlayerId): number {
    let count = 0
    for (const running of this.#running.values()) if (running.player === player) count++
    return count
  }

  #start(player: PlayerId, archive: BlobId): void {
    if (this.#running.has(archive)) return
    const done = this.#fetch(player, archive).finally(() => {
      this.#running.delete(archive)
      this.#next()
    })
    this.#running.set(archive, { player, done })
  }

  async #fetch(player: PlayerId, archive: BlobId): Promise<void> {
    try {
      await this.#init.fetch(player, archive)
    } catch (error) {
      this.#init.onFault(archive, error)
      if (this.#stopped) return
      if (hasCode(error, 'BLOB_UNAVAILABLE')) putUnlessFull(this.#waiting, player, archive)
      if (hasCode(error, 'BLOB_QUOTA')) putUnlessFull(this.#refused, player, archive)
    }
  }
}

function putUnlessFull(wishes: Map<PlayerId, Set<BlobId>>, player: PlayerId, archive: BlobId): void {
  const ofOne = wishes.get(player) ?? new Set()
  if (ofOne.size < MAX_WAITING) wishes.set(player, ofOne.add(archive))
}
