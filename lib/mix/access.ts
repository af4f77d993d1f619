import { isName, SAMPLE_RATE, type Beats, type Frames } from '../base/index.ts'
import type { TagAccess } from '../generators/index.ts'
import {
  isAmbient,
  MAX_NOTES,
  MAX_SETS,
  type InstancePath,
  type NoteShape,
  type TagListener,
  type TagValue,
  type TagView,
} from '../jam/index.ts'
import { MAX_LOG_TEXT, MAX_LOGS } from './constants.ts'
import type { InstanceEvent, TagSet } from './types.ts'

/** What one instance sees and sets of the jam's tags, as they stand at its block's first frame. */
export class InstanceTags implements TagAccess {
  readonly #path: InstancePath
  readonly #start: Frames
  readonly #view: TagView
  #now: Frames
  #quantum: Frames
  #sets: TagSet[] = []
  #events: InstanceEvent[] = []
  #setsLeft = MAX_SETS
  #notesLeft = MAX_NOTES
  #logsLeft = MAX_LOGS
  #logSecond = 0
  #ambient = false

  /** @param start the instance's first frame; @param quantum the first of its quantum */
  constructor(path: InstancePath, start: Frames, quantum: Frames, view: TagView) {
    this.#path = path
    this.#start = start
    this.#now = start
    this.#quantum = quantum
    this.#view = view
    view.advance(start)
  }

  /** Before each block. */
  at(frame: Frames, quantum: Frames): void {
    this.#now = frame
    if (quantum !== this.#quantum) this.#renew(quantum)
    this.#view.advance(frame)
  }

  #renew(quantum: Frames): void {
    this.#quantum = quantum
    this.#setsLeft = MAX_SETS
    this.#notesLeft = MAX_NOTES
    const lost = this.#view.lostNotes()
    if (lost > 0) this.log(`it was to hear ${MAX_NOTES + lost} notes in 128 frames: ${lost} of them are lost`)
  }

  /** After the last block of a quantum. */
  settle(): void {
    this.#view.settle()
  }

  /** Frames after `from` in this quantum at which what it has opened changes, at most `limit`. */
  cuts(from: Frames, limit: number): readonly Frames[] {
    return this.#view.cuts(from, limit)
  }

  /** What was set and logged since the last call, in the order it was. */
  take(): { sets: readonly TagSet[]; events: readonly InstanceEvent[] } {
    const taken = { sets: this.#sets, events: this.#events }
    if (taken.sets.length > 0) this.#sets = []
    if (taken.events.length > 0) this.#events = []
    return taken
  }

  open(path: string): number {
    const handle = this.#view.open(path)
    if (handle >= 0 && !this.#ambient && isAmbient(path)) {
      this.#ambient = true
      this.#events.push({ kind: 'ambient', frame: this.#now, path: this.#path })
    }
    return handle
  }

  get(handle: number): number {
    return this.#view.get(handle)
  }

  text(handle: number): string | undefined {
    return this.#view.text(handle)
  }

  points(handle: number): number {
    return this.#view.count(handle)
  }

  frame(handle: number, back = 0): Frames {
    return this.#view.frame(handle, back) - this.#start
  }

  value(handle: number, back: number): number {
    return this.#view.value(handle, back)
  }

  valueAt(handle: number, frame: Frames): number {
    return this.#view.at(handle, frame + this.#start)
  }

  watch(handle: number): void {
    this.#view.watch(handle)
  }

  tell(listener: TagListener): void {
    this.#view.tell(listener, this.#start)
  }

  /** The 64 first of a quantum are kept; `PendingTags` has the other bounds. */
  set(name: string, value: TagValue, atBeat: Beats): void {
    if (this.#setsLeft <= 0 || !isName(name)) return
    this.#setsLeft--
    this.#sets.push({ by: this.#path, name, value, atBeat })
  }

  /** As many of a quantum are kept as may be played in it. */
  note(name: string, pitch: number, note: NoteShape, atBeat: Beats): void {
    if (this.#notesLeft <= 0 || !isName(name)) return
    this.#notesLeft--
    this.#sets.push({ by: this.#path, name, value: pitch, atBeat, note })
  }

  log(text: string): void {
    const second = Math.floor((this.#now - this.#start) / SAMPLE_RATE)
    if (second !== this.#logSecond) this.#logsLeft = MAX_LOGS
    this.#logSecond = second
    if (this.#logsLeft <= 0) return
    this.#logsLeft--
    this.#events.push({ kind: 'log', frame: this.#now, path: this.#path, text: text.slice(0, MAX_LOG_TEXT) })
  }
}
