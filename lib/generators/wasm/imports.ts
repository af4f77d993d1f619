import { type Beats, fromUtf8, fromUtf8Strict, isName, utf8 } from '../../base/index.ts'
import type { NoteShape } from '../../jam/index.ts'
import { MAX_ASSET_BYTES, type AssetReader } from '../assets.ts'
import type { TagAccess } from '../types.ts'

/** A generator asked for something that ends it, such as text outside its memory. */
export class GeneratorFault extends Error {}

const MAX_HANDLES = 64
/** Bytes of a path, of a tag's text and of a line of log. */
const MAX_PATH = 256
const MAX_TEXT = 1_024
const MAX_LOG = 1_024
/** Points that `tag_last` gives at most, and bytes of each: its frame, then its value. */
const MAX_POINTS = 256
const POINT = 16
const CANONICAL_NAN = 0x7ff8_0000_0000_0000n
/** Complaints about its own calls that one instance puts into the log. */
const MAX_COMPLAINTS = 8

/** What the imports need of the instance they serve. */
export interface ImportHost {
  readonly tags: TagAccess
  /** Its memory, there once it is instantiated. */
  memory(): Uint8Array
  /** The same to write numbers to. */
  numbers(): DataView
  /** Its archive's files, until it has started; undefined from then on. */
  assets(): AssetReader | undefined
  /** The beat of the block being made. */
  beat(): Beats
}

/**
 * The functions of ABI marmalade/1, for one instance. Whatever a generator hands in is checked:
 * text outside its memory ends it, anything else that is wrong is denied, with a line in the log for the first few.
 */
export class Imports {
  private readonly host: ImportHost
  /** The runtime's handles by the generator's, which count from 0. */
  private readonly handles: number[] = []
  private readonly byPath = new Map<string, number>()
  /** The text that each handle read last, as bytes: it is read far more often than it is set. */
  private readonly read: { readonly text: string; readonly bytes: Uint8Array }[] = []
  private complaints = 0

  constructor(host: ImportHost) {
    this.host = host
  }

  /** The object to instantiate with. */
  functions(): WebAssembly.ModuleImports {
    return {
      tag_open: (path: number, length: number) => this.open(path, length),
      tag_get: (handle: number) => this.withHandle(handle, (h) => this.host.tags.get(h), NaN),
      tag_text: (handle: number, out: number, capacity: number) => this.text(handle, out, capacity),
      tag_frame: (handle: number) => this.withHandle(handle, (h) => this.host.tags.frame(h), NaN),
      tag_at: (handle: number, frame: number) => this.withHandle(handle, (h) => this.host.tags.valueAt(h, frame), NaN),
      tag_last: (handle: number, count: number, out: number) => this.last(handle, count, out),
      tag_watch: (handle: number) => this.watch(handle),
      tag_set: (name: number, length: number, value: number, atBeat: number) => this.set(name, length, value, atBeat),
      tag_set_text: (name: number, length: number, text: number, textLength: number, atBeat: number) =>
        this.setText(name, length, text, textLength, atBeat),
      note: (name: number, length: number, pitch: number, velocity: number, beats: number, atBeat: number) =>
        this.note(name, length, pitch, { velocity, beats }, atBeat),
      asset_size: (name: number, length: number) => this.assetSize(name, length),
      asset_read: (name: number, length: number, offset: number, out: number, count: number) =>
        this.assetRead(name, length, offset, out, count),
      log: (text: number, length: number) => this.log(text, length),
    }
  }

  private withHandle(handle: number, read: (handle: number) => number, none: number): number {
    const own = this.handles[handle]
    return own === undefined ? none : read(own)
  }

  private open(at: number, length: number): number {
    const path = this.strict(at, length, MAX_PATH)
    if (path === undefined) return this.deny('tag_open', `a path is no UTF-8 or longer than ${MAX_PATH} bytes`)
    const known = this.byPath.get(path)
    if (known !== undefined) return known
    if (this.handles.length === MAX_HANDLES) return this.deny('tag_open', `more than ${MAX_HANDLES} are open`)
    const own = this.host.tags.open(path)
    if (own < 0) return this.deny('tag_open', `${JSON.stringify(path)} cannot be opened`)
    const handle = this.handles.push(own) - 1
    this.byPath.set(path, handle)
    return handle
  }

  private text(handle: number, out: number, capacity: number): number {
    const at = this.inside(out, capacity)
    const own = this.handles[handle]
    const text = own === undefined ? undefined : this.host.tags.text(own)
    if (text === undefined) return -1
    let read = this.read[handle]
    if (read?.text !== text) this.read[handle] = read = { text, bytes: utf8(text) }
    const room = capacity >>> 0
    this.host.memory().set(read.bytes.length <= room ? read.bytes : read.bytes.subarray(0, room), at)
    return read.bytes.length
  }

  /** The last points, oldest first, as pairs of frame and value; how many they are. */
  private last(handle: number, count: number, out: number): number {
    const wanted = Math.max(0, Math.min(count, MAX_POINTS))
    let at = this.inside(out, wanted * POINT)
    const own = this.handles[handle]
    if (own === undefined) return 0
    const { tags } = this.host
    const given = Math.min(wanted, tags.points(own))
    const numbers = this.host.numbers()
    for (let back = given - 1; back >= 0; back--, at += POINT) {
      numbers.setFloat64(at, tags.frame(own, back), true)
      const value = tags.value(own, back)
      numbers.setFloat64(at + 8, value, true)
      // What bits a NaN is written with is for each JavaScript engine to choose.
      if (Number.isNaN(value)) numbers.setBigUint64(at + 8, CANONICAL_NAN, true)
    }
    return given
  }

  private watch(handle: number): void {
    const own = this.handles[handle]
    if (own === undefined) this.deny('tag_watch', `${handle} is no handle that is open`)
    else this.host.tags.watch(own)
  }

  /** The generator's handle for one of the runtime's. */
  handleOf(own: number): number {
    return this.handles.indexOf(own)
  }

  private set(name: number, length: number, value: number, atBeat: number): void {
    if (!Number.isFinite(value)) {
      this.deny('tag_set', 'a value is not finite')
      return
    }
    this.publish('tag_set', name, length, value, atBeat)
  }

  private setText(name: number, length: number, at: number, textLength: number, atBeat: number): void {
    const text = this.strict(at, textLength, MAX_TEXT)
    if (text === undefined) {
      this.deny('tag_set_text', `a text is no UTF-8 or longer than ${MAX_TEXT} bytes`)
      return
    }
    this.publish('tag_set_text', name, length, text, atBeat)
  }

  /** A beat that is no number means now, as one in the past does. */
  private publish(call: string, at: number, length: number, value: number | string, atBeat: number): void {
    const name = this.strict(at, length, MAX_PATH)
    if (!isName(name)) {
      this.deny(call, `${JSON.stringify(name ?? null)} is no name for a tag`)
      return
    }
    if (Math.abs(atBeat) === Infinity) {
      this.deny(call, 'the beat is infinite')
      return
    }
    this.host.tags.set(name, value, Number.isNaN(atBeat) ? this.host.beat() : atBeat)
  }

  private note(at: number, length: number, pitch: number, shape: NoteShape, atBeat: number): void {
    const name = this.strict(at, length, MAX_PATH)
    const { velocity, beats } = shape
    if (!isName(name)) this.deny('note', `${JSON.stringify(name ?? null)} is no name for a note`)
    else if (!Number.isFinite(pitch)) this.deny('note', 'its pitch is not finite')
    else if (!(velocity >= 0 && velocity <= 1)) this.deny('note', `a velocity of ${velocity}: it goes from 0 to 1`)
    else if (!(beats >= 0 && beats < Infinity)) this.deny('note', `a length of ${beats} beats`)
    else if (Math.abs(atBeat) === Infinity) this.deny('note', 'the beat is infinite')
    else this.host.tags.note(name, pitch, shape, atBeat)
  }

  private assetSize(at: number, length: number): number {
    const path = this.strict(at, length, MAX_PATH)
    const assets = this.host.assets()
    if (!assets) return this.deny('asset_size', 'files are read in mm_init alone')
    return (path === undefined ? undefined : assets.size(path)) ?? -1
  }

  private assetRead(at: number, length: number, offset: number, out: number, count: number): number {
    const path = this.strict(at, length, MAX_PATH)
    const target = this.range(out, count)
    const assets = this.host.assets()
    if (!assets) return this.deny('asset_read', 'files are read in mm_init alone')
    const read = path === undefined ? undefined : assets.read(path, offset >>> 0, target)
    if (read === 'spent') return this.deny('asset_read', `more than ${MAX_ASSET_BYTES} bytes are read`)
    return read ?? -1
  }

  private log(at: number, length: number): void {
    const bytes = this.range(at, length)
    const text = fromUtf8(bytes.slice(0, MAX_LOG))
    this.host.tags.log(text.replace(/\p{Cc}/gu, ' '))
  }

  private deny(call: string, why: string): -1 {
    if (this.complaints++ < MAX_COMPLAINTS) this.host.tags.log(`${call}: ${why}`)
    return -1
  }

  /** Well-formed text of at most `most` bytes; undefined where it is something else. */
  private strict(at: number, length: number, most: number): string | undefined {
    const bytes = this.range(at, length)
    return bytes.length > most ? undefined : fromUtf8Strict(bytes.slice())
  }

  /** A stretch of the instance's memory. @throws GeneratorFault where it does not lie in it */
  private range(at: number, length: number): Uint8Array {
    const from = this.inside(at, length)
    return this.host.memory().subarray(from, from + (length >>> 0))
  }

  /** Where such a stretch begins. @throws GeneratorFault where it does not lie in the memory */
  private inside(at: number, length: number): number {
    const from = at >>> 0
    const size = length >>> 0
    if (from + size > this.host.memory().length)
      throw new GeneratorFault(`${size} bytes at ${from} lie outside its memory`)
    return from
  }
}
