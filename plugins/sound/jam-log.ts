import { appendFile, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isPlayerRef, playerOfRef, type PlayerId } from '../../lib/base/index.ts'
import type { ConductorEvent, Grid, InstancePath } from '../../lib/jam/index.ts'
import type { InstanceEvent } from '../../lib/mix/index.ts'

interface Init {
  /** `<home>/jams/<short id>:<jam>/jam.log`. */
  readonly file: string
  readonly shown: (player: PlayerId) => string
  readonly grid: () => Grid
  readonly warn: (error: unknown) => void
}

/** Lines that wait for the disk; past it the oldest are dropped, and a line says so. */
const MAX_WAITING = 10_000

/** What happens in a jam, in words, a line each: for people who look into `jam.log`. */
export class JamLog {
  readonly #init: Init
  #waiting: string[] = []
  #dropped = 0
  #writing: Promise<void> | undefined

  constructor(init: Init) {
    this.#init = init
  }

  event(event: ConductorEvent): void {
    switch (event.kind) {
      case 'started': {
        this.#line(event.frame, `${this.#name(event.path)} starts${late(event.late)}`)
        return
      }
      case 'ended': {
        this.#line(event.frame, `${this.#name(event.path)} is over (${event.reason})`)
        return
      }
      case 'skipped': {
        this.#line(undefined, `${this.#name(event.path)} does not start: it is over already (${event.reason})`)
        return
      }
      case 'refused': {
        this.#line(undefined, `${this.#init.shown(event.identity)}: ${event.code}: ${event.message}`)
        return
      }
      case 'grid': {
        this.#line(event.frame, `the beat jumps from ${event.from.toFixed(2)} to ${event.to.toFixed(2)}`)
        return
      }
      default:
        return
    }
  }

  instance(event: InstanceEvent): void {
    switch (event.kind) {
      case 'failed': {
        this.#line(event.frame, `${this.#name(event.path)} failed: ${event.failure.code}: ${event.failure.message}`)
        return
      }
      case 'refused': {
        this.#line(event.frame, `${this.#name(event.path)} cannot start: ${event.message}`)
        return
      }
      case 'log': {
        this.#line(event.frame, `${this.#name(event.path)} says: ${event.text}`)
        return
      }
      default:
        return
    }
  }

  /** A note that somebody said in the jam. */
  said(player: PlayerId, text: string): void {
    this.#line(undefined, `${this.#init.shown(player)}: ${text}`)
  }

  async close(): Promise<void> {
    await this.#writing
  }

  #name(path: InstancePath): string {
    const [ref = '', , instance = ''] = path.split('/')
    return isPlayerRef(ref) ? `${this.#init.shown(playerOfRef(ref))}'s ${instance}` : path
  }

  #line(frame: number | undefined, text: string): void {
    const grid = this.#init.grid()
    const where = frame === undefined ? '' : `bar ${(grid.barOfTick(grid.tickOfFrame(frame)) + 1).toFixed(2)}  `
    this.#waiting.push(`${where}${plain(text)}\n`)
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift()
      this.#dropped++
    }
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined
    })
  }

  async #drain(): Promise<void> {
    try {
      await mkdir(dirname(this.#init.file), { recursive: true })
      while (this.#waiting.length > 0) {
        const lines = this.#waiting.splice(0)
        if (this.#dropped > 0) lines.unshift(`${this.#dropped} lines are missing here\n`)
        this.#dropped = 0
        await appendFile(this.#init.file, lines.join(''))
      }
    } catch (error) {
      this.#init.warn(error)
    }
  }
}

/** On one line, and without what would move a terminal's cursor. */
const plain = (text: string): string => text.replaceAll(/\r?\n/g, ' / ').replaceAll(/\p{Cc}/gu, ' ')

const late = (how: { readonly by: number; readonly reason: string } | undefined): string => {
  if (!how) return ''
  return how.reason === 'join' ? ', in place' : `, ${(how.by / 48_000).toFixed(2)} s late (${how.reason})`
}
