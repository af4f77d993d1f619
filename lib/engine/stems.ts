import { mkdir, open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { BLOCK, MarmaladeError, playerOfRef, type Frames, type PlayerRef } from '../base/index.ts'
import { isBus } from '../jam/index.ts'
import { shortIdOf } from '../keys/index.ts'
import { encodePcm, wavHeader, WAV_HEADER_BYTES, type Stem, type StemPath } from '../mix/index.ts'
import { BYTES_PER_FRAME, writeAll } from '../sink/index.ts'

/** Files that are open at once. */
const MAX_STEMS = 512

interface StemFile {
  readonly file: string
  readonly handle: FileHandle
}

const unwritable = (file: string, cause: unknown): MarmaladeError =>
  new MarmaladeError('FILE_UNWRITABLE', `${file} cannot be written: see that its folder has room`, { cause })

/**
 * A WAV (32-bit float) for each instance, after its own chain, and each return that sounded, all as long as the mix: their sum is it,
 * before the limiter. They are called `<short id>-<generator>-<instance>.wav`; where two would be called alike the later one gets a number.
 */
export class StemFiles {
  readonly #folder: string
  readonly #from: Frames
  readonly #files = new Map<StemPath, StemFile>()
  readonly #names = new Set<string>()
  readonly #blocks: { readonly path: StemPath; readonly at: Frames; readonly bytes: Uint8Array }[] = []

  /** @param from jam frame of their first sample */
  constructor(folder: string, from: Frames) {
    this.#folder = folder
    this.#from = from
  }

  /** Keeps the stems of the block at a jam frame until they are flushed. */
  take(stems: readonly Stem[], at: Frames): void {
    for (const { path, left, right } of stems) {
      const cut = Math.max(0, Math.min(BLOCK, this.#from - at))
      const bytes = encodePcm('f32', left.subarray(cut, BLOCK), right.subarray(cut, BLOCK))
      this.#blocks.push({ path, at: at + cut - this.#from, bytes })
    }
  }

  /** @throws FILE_UNWRITABLE */
  async flush(): Promise<void> {
    for (const { path, at, bytes } of this.#blocks.splice(0)) {
      const { file, handle } = this.#files.get(path) ?? (await this.#create(path))
      await attempt(file, () => writeAll(handle, bytes, WAV_HEADER_BYTES + at * BYTES_PER_FRAME))
    }
  }

  /** Gives each file its length and header. @returns the files @throws FILE_UNWRITABLE */
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
    return all.map(({ file }) => file)
  }

  /** Leaves none of them behind. */
  async discard(): Promise<void> {
    for (const { file, handle } of this.#files.values()) {
      await handle.close().catch(() => undefined)
      await rm(file, { force: true })
    }
    this.#files.clear()
  }

  /** Parts of a path have been checked: a public key in base64url, and names without `/` and leading dot. */
  async #create(path: StemPath): Promise<StemFile> {
    if (this.#files.size >= MAX_STEMS) {
      throw new MarmaladeError(
        'FILE_UNWRITABLE',
        `more than ${MAX_STEMS} instances: ask for stems of a part, with --from and --to`,
      )
    }
    const [ref = '', generator = '', instance = ''] = path.split('/')
    const name = isBus(path) ? path : `${shortIdOf(playerOfRef(ref as PlayerRef))}-${generator}-${instance}`
    const file = join(this.#folder, `${this.#free(name)}.wav`)
    return attempt(file, async () => {
      await mkdir(this.#folder, { recursive: true })
      const stem = { file, handle: await open(file, 'w') }
      this.#files.set(path, stem)
      return stem
    })
  }

  #free(name: string): string {
    let free = name
    for (let number = 2; this.#names.has(free); number++) free = `${name}-${number}`
    this.#names.add(free)
    return free
  }
}

async function attempt<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw unwritable(file, cause)
  }
}
