import type { Millis } from '../../lib/base/index.ts'
import type { LinkId } from '../../lib/gossip/index.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'

/** Bytes that the system takes from a program before the line has sent them. */
const SOCKET_BUFFER = 65_536
/** How long a lost packet holds up what follows it: doubled each time it is lost again. */
const RETRANSMIT: Millis = 200
/** A side notices within so long that its connection is gone. */
const NOTICED_WITHIN: Millis = 2_000

/** What a line is like. TCP loses no frame: a lost packet holds up those behind it, or the connection ends. */
export interface LineQuality {
  /** The least delay of each line is drawn between these. */
  readonly delay: readonly [Millis, Millis]
  readonly jitter: Millis
  /** Bytes a millisecond, drawn between these. */
  readonly rate: readonly [number, number]
  /** The share of sends of which a packet is lost, and of those the share that ends the connection. */
  readonly loss: number
  readonly cutShare: number
}

/** What all wires of a world have carried, both ways. */
export interface Traffic {
  bytes: number
  frames: number
  /** When the last frame arrives, as far as is known. */
  lastAt: Millis
}

/** One end of a wire, as its node sees it. */
export interface End {
  /** Whether it ever looks at what comes. */
  readonly reads: boolean
  received(bytes: Uint8Array): void
  sent(bytes: number): void
  ended(): void
}

interface Line {
  /** Bytes that the other side left lying. */
  unread: number
  freeAt: Millis
  arrivedAt: Millis
}

/** A connection between two nodes that carries frames both ways, in order and whole, until it is cut. */
export class Wire {
  readonly id: LinkId
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #quality: LineQuality
  readonly #delay: Millis
  readonly #rate: number
  readonly #lines: [Line, Line] = [
    { unread: 0, freeAt: 0, arrivedAt: 0 },
    { unread: 0, freeAt: 0, arrivedAt: 0 },
  ]
  readonly #ends: [End, End]
  readonly #told: [boolean, boolean] = [false, false]
  readonly #onEnded: () => void
  readonly #traffic: Traffic
  /** The longest that losses have held up a frame. */
  longestStall: Millis = 0
  #up = true
  #finished = false

  /** @param onEnded called once both sides know that it has ended */
  constructor(
    id: LinkId,
    timeline: Timeline,
    random: Random,
    quality: LineQuality,
    traffic: Traffic,
    ends: [End, End],
    onEnded: () => void,
  ) {
    this.id = id
    this.#timeline = timeline
    this.#random = random
    this.#quality = quality
    this.#delay = random.between(...quality.delay)
    this.#rate = random.between(...quality.rate)
    this.#traffic = traffic
    this.#ends = ends
    this.#onEnded = onEnded
  }

  get up(): boolean {
    return this.#up
  }

  /** Sends from one side. What the socket takes at once has left; the rest leaves as the line carries it. */
  send(from: 0 | 1, bytes: Uint8Array): void {
    if (!this.#up) return
    const { now } = this.#timeline
    const line = this.#lines[from]
    this.#traffic.bytes += bytes.length
    this.#traffic.frames++
    line.freeAt = Math.max(now, line.freeAt) + bytes.length / this.#rate
    const arrives = line.freeAt + this.#delay + this.#random.next() * this.#quality.jitter + this.#mishap()
    line.arrivedAt = Math.max(line.arrivedAt, arrives)
    this.#traffic.lastAt = Math.max(this.#traffic.lastAt, line.arrivedAt)
    const other = from === 0 ? 1 : 0
    if (!this.#ends[other].reads) {
      line.unread += bytes.length
      if (line.unread <= SOCKET_BUFFER) this.#ends[from].sent(bytes.length)
      return
    }
    const leaves = line.freeAt - SOCKET_BUFFER / this.#rate
    if (leaves <= now) this.#ends[from].sent(bytes.length)
    else this.#timeline.at(leaves, () => this.#up && this.#ends[from].sent(bytes.length))
    this.#timeline.at(line.arrivedAt, () => this.#up && this.#ends[other].received(bytes))
  }

  /** How much later a frame comes because of losses, one of which may end the connection. */
  #mishap(): Millis {
    const { loss, cutShare } = this.#quality
    let late: Millis = 0
    for (let wait = RETRANSMIT; this.#random.chance(loss); wait *= 2) {
      late += wait
      if (this.#random.chance(cutShare)) this.cut()
    }
    this.longestStall = Math.max(this.longestStall, late)
    return late
  }

  /** The connection is gone: what is under way is lost, and each side notices in its own time. */
  cut(): void {
    if (!this.#up) return
    this.#up = false
    for (const side of [0, 1] as const)
      this.#timeline.after(this.#random.next() * NOTICED_WITHIN, () => this.#notice(side))
  }

  /** One side ends it: it knows at once, the other after what it was sent before. */
  close(from: 0 | 1): void {
    if (!this.#up) return
    const other = from === 0 ? 1 : 0
    const { arrivedAt } = this.#lines[from]
    this.#notice(from)
    this.#timeline.at(Math.max(arrivedAt, this.#timeline.now + this.#delay), () => {
      this.#up = false
      this.#notice(other)
    })
  }

  /** A side is gone without a word: it is not told itself. */
  abandon(from: 0 | 1): void {
    this.#told[from] = true
    this.cut()
    this.#finish()
  }

  #notice(side: 0 | 1): void {
    if (this.#told[side]) return
    this.#told[side] = true
    this.#ends[side].ended()
    this.#finish()
  }

  #finish(): void {
    if (this.#finished || !this.#told[0] || !this.#told[1]) return
    this.#finished = true
    this.#up = false
    this.#onEnded()
  }
}
