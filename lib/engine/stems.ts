import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { BLOCK, MarmaladeError, playerOfRef, type Frames, type PlayerRef } from '../base/index.ts'
import type { InstancePath } from '../jam/index.ts'
import { shortIdOf } from '../keys/index.ts'
import { encodePcm, wavHeader, WAV_HEADER_BYTES, type Stem } from '../mix/index.ts'

const BYTES_PER_FRAME = 8
/** Files that are open at once. */
const MAX_STEMS = 512

interface StemFile {
  readonly file: string
  readonly handle: FileHandle
}

/** A WAV (32-bit float) for each instance, after its own chain, all as long as the mix: their sum is it, before the limiter. */
export class StemFiles {
  readonly #folder: string
  readonly #from: Frames
  readonly #files = new Map<InstancePath, Promise<StemFile>>()
  readonly #blocks: { readonly path: InstancePath; readonly at: Frames; readonly bytes: Uint8Array }[] = []

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

  async flush(): Promise<void> {
    for (const { path, at, bytes } of this.#blocks.splice(0)) {
      const { handle } = await this.#open(path)
      await handle.write(bytes, 0, bytes.length, WAV_HEADER_BYTES + at * BYTES_PER_FRAME)
    }
  }

  /** Gives each file its length and header. @returns the files */
  async close(frames: Frames): Promise<string[]> {
    await this.flush()
    const files: string[] = []
    for (const opening of this.#files.values()) {
      const { file, handle } = await opening
      const header = wavHeader('f32', frames)
      await handle.truncate(WAV_HEADER_BYTES + frames * BYTES_PER_FRAME)
      await handle.write(header, 0, header.length, 0)
      await handle.close()
      files.push(file)
    }
    return files
  }

  #open(path: InstancePath): Promise<StemFile> {
    const known = this.#files.get(path)
    if (known) return known
    if (this.#files.size >= MAX_STEMS) {
      throw new MarmaladeError(
        'FILE_UNWRITABLE',
        `more than ${MAX_STEMS} instances: ask for stems of a part, with --from and --to`,
      )
    }
    const opening = this.#create(path)
    this.#files.set(path, opening)
    return opening
  }

  /** Parts of a path have been checked: a public key in base64url, and names without `/` and leading dot. */
  async #create(path: InstancePath): Promise<StemFile> {
    const [ref = '', generator = '', instance = ''] = path.split('/')
    const file = join(this.#folder, `${shortIdOf(playerOfRef(ref as PlayerRef))}-${generator}-${instance}.wav`)
    try {
      await mkdir(this.#folder, { recursive: true })
      return { file, handle: await open(file, 'w') }
    } catch (cause) {
      throw new MarmaladeError('FILE_UNWRITABLE', `${file} cannot be written: see that its folder has room`, { cause })
    }
  }
}
