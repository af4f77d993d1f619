import { mkdir, open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { BLOCK, MarmaladeError, concat, playerOfRef, type Frames, type PlayerRef } from '../base/index.ts'
import { isBus } from '../jam/index.ts'
import { shortIdOf } from '../keys/index.ts'
import { encodePcm, wavHeader, WAV_HEADER_BYTES, type Stem, type StemPath } from '../mix/index.ts'
import { BYTES_PER_FRAME, writeAll } from '../sink/index.ts'

/** Files that are open at once. */
const MAX_STEMS = 512

/** Which files there are of an instance: its stem, or also what its generator wrote. */
export type StemKinds = 'stems' | 'stems and raw'

interface StemsInit {
  readonly folder: string
  /** Jam frame of their first sample. */
  readonly from: Frames
  readonly kinds: StemKinds
}

interface StemFile {
  readonly file: string
  readonly handle: FileHandle
  /** Blocks that wait to be written, one after the other without a gap. */
  waiting: Uint8Array[]
  /** Frames in the file: of the first of them, and after the last. */
  at: Frames
  next: Frames
}

interface Block {
  /** The file's name. */
  readonly key: string
  readonly at: Frames
  readonly bytes: Uint8Array
}

const unwritable = (file: string, cause: unknown): MarmaladeError =>
  new MarmaladeError('FILE_UNWRITABLE', `${file} cannot be written: see that its folder has room`, { cause })

/**
 * WAVs for each instance, all as long as the mix, in 32-bit float always, so that nothing is rounded: its stem, taken after
 * its own chain, and where asked for what the generator wrote, before any of it. The stems' sum, in float64 and in score
 * order with the returns of `room` and `echo` last, is the mix before the limiter, to the bit. They are called `<short id>-<generator>-<instance>.wav` and
 * `….raw.wav`; where two would be called alike the later one gets a number.
 */
export class StemFiles {
  readonly #init: StemsInit
  readonly #files = new Map<string, StemFile>()
  readonly #names = new Map<StemPath, string>()
  readonly #taken = new Set<string>()
  #blocks: Block[] = []

  constructor(init: StemsInit) {
    this.#init = init
  }

  /** Keeps the stems of the block at a jam frame until they are flushed. */
  take(stems: readonly Stem[], first: Frames): void {
    const { from, kinds } = this.#init
    const cut = Math.max(0, Math.min(BLOCK, from - first))
    const at = first + cut - from
    for (const { path, left, right, rawLeft, rawRight } of stems) {
      const name = this.#nameOf(path)
      const keep = (key: string, a: Float32Array, b: Float32Array): void =>
        void this.#blocks.push({ key, at, bytes: encodePcm('f32', a.subarray(cut, BLOCK), b.subarray(cut, BLOCK)) })
      keep(`${name}.wav`, left, right)
      if (kinds === 'stems and raw') keep(`${name}.raw.wav`, rawLeft, rawRight)
    }
  }

  /** @throws FILE_UNWRITABLE */
  async flush(): Promise<void> {
    const blocks = this.#blocks
    this.#blocks = []
    for (const { key, at, bytes } of blocks) {
      const stem = this.#files.get(key) ?? (await this.#create(key))
      if (stem.next !== at) await write(stem)
      if (stem.waiting.length === 0) stem.at = at
      stem.waiting.push(bytes)
      stem.next = at + bytes.length / BYTES_PER_FRAME
    }
    for (const stem of this.#files.values()) await write(stem)
  }

  /** Gives each file its length and header. @returns the files, stems before raw stems @throws FILE_UNWRITABLE */
  async close(frames: Frames): Promise<string[]> {
    await this.flush()
    const all = [...this.#files.values()]
    for (const { file, handle } of all) {
      await attempt(file, async () => {
        await handle.truncate(WAV_HEADER_BYTES + frames * BYTES_PER_FRAME)
        await writeAll(handle, wavHeader('f32', frames), 0)
        await handle.close()
      })
    }
    const raw = (file: string): number => (file.endsWith('.raw.wav') ? 1 : 0)
    return all.map(({ file }) => file).sort((a, b) => raw(a) - raw(b))
  }

  /** Leaves none of them behind. */
  async discard(): Promise<void> {
    for (const { file, handle } of this.#files.values()) {
      await handle.close().catch(() => undefined)
      await rm(file, { force: true })
    }
    this.#files.clear()
  }

  async #create(key: string): Promise<StemFile> {
    if (this.#files.size >= MAX_STEMS) {
      throw new MarmaladeError(
        'FILE_UNWRITABLE',
        `more than ${MAX_STEMS} files of stems: ask for a part, with --from and --to`,
      )
    }
    const { folder } = this.#init
    const file = join(folder, key)
    return attempt(file, async () => {
      await mkdir(folder, { recursive: true })
      const stem: StemFile = { file, handle: await open(file, 'w'), waiting: [], at: 0, next: 0 }
      this.#files.set(key, stem)
      return stem
    })
  }

  /** Parts of a path have been checked: a public key in base64url, and names without `/` and leading dot. */
  #nameOf(path: StemPath): string {
    const known = this.#names.get(path)
    if (known !== undefined) return known
    const [ref = '', generator = '', instance = ''] = path.split('/')
    const name = isBus(path) ? path : `${shortIdOf(playerOfRef(ref as PlayerRef))}-${generator}-${instance}`
    let free = name
    const clashes = (): boolean => this.#taken.has(free) || this.#taken.has(`${free}.raw`)
    for (let number = 2; clashes(); number++) free = `${name}-${number}`
    this.#taken.add(free).add(`${free}.raw`)
    this.#names.set(path, free)
    return free
  }
}

/** Writes what waits, at once: single blocks would be a call of the system for each 128 frames. */
async function write(stem: StemFile): Promise<void> {
  const { file, handle, waiting, at } = stem
  if (waiting.length === 0) return
  stem.waiting = []
  await attempt(file, () => writeAll(handle, concat(waiting), WAV_HEADER_BYTES + at * BYTES_PER_FRAME))
}

async function attempt<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw unwritable(file, cause)
  }
}
