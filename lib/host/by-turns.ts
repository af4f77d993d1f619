import type pull from 'pull-stream'
import type { Merit } from './merit.ts'
import type { Turns } from './turns.ts'

/** Bytes that are taken in one turn, whatever the pieces in which they come. */
const SLICE = 16_384

interface ByTurnsInit {
  readonly turns: Turns
  /** Who pays. */
  readonly merit: Merit
  /** Whether a piece of so many bytes has to wait for its turn. */
  waits(bytes: number): boolean
}

/** A stream of bytes that comes in slices and by turns where it has to. */
export class ByTurns {
  readonly #read: pull.Source<Buffer>
  readonly #init: ByTurnsInit
  #rest: Buffer | undefined
  #asked: pull.SourceCallback<Buffer> | undefined
  #pass: () => void = () => undefined
  #takeBack: () => void = () => undefined
  #released = false
  /** The turn that was had last, and what of it is left. */
  #turn = -1
  #room = 0

  constructor(read: pull.Source<Buffer>, init: ByTurnsInit) {
    this.#read = read
    this.#init = init
  }

  readonly source: pull.Source<Buffer> = (abort, callback) => {
    if (abort !== null && abort !== false) {
      this.#takeBack()
      const waiting = this.#asked
      this.#asked = this.#rest = undefined
      this.#read(abort, (end) => {
        waiting?.(end)
        callback(end)
      })
      return
    }
    if (this.#rest) this.#serve(this.#rest, callback)
    else {
      this.#read(null, (end, piece) => {
        if (piece) this.#serve(piece, callback)
        else callback(end)
      })
    }
  }

  /** Nothing waits any more: what is there goes on at once. */
  release(): void {
    this.#released = true
    if (!this.#asked) return
    this.#takeBack()
    this.#pass()
  }

  #serve(piece: Buffer, callback: pull.SourceCallback<Buffer>): void {
    this.#rest = undefined
    const { turns, merit } = this.#init
    if (this.#released || !this.#init.waits(piece.length)) {
      callback(null, piece)
      return
    }
    if (this.#turn === turns.count && piece.length <= this.#room) {
      this.#room -= piece.length
      callback(null, piece)
      return
    }
    this.#asked = callback
    this.#pass = () => {
      this.#asked = undefined
      this.#turn = turns.count
      this.#room = SLICE - piece.length
      if (piece.length > SLICE) this.#rest = piece.subarray(SLICE)
      callback(null, piece.subarray(0, SLICE))
    }
    this.#takeBack = turns.wait(this.#pass, merit)
  }
}
