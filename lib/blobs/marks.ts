import { appendFile, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobId } from '../base/index.ts'
import { hexOf, isMissing } from './files.ts'

/** A blob that must stay, and for whose sake: `drums of ana`. */
export interface Pin {
  readonly blob: BlobId
  readonly why: string
}

/** Lines held before they are written, and pins remembered so that one named over and over is written once. */
const MAX_HELD = 4_096
/** Reasons told of one blob. */
const MAX_REASONS = 4

/**
 * Which blobs are pinned, on disk by the first two digits of their hashes: however many there are, one part of 256 is in
 * memory at a time.
 */
export class Marks {
  readonly #folder: string
  readonly #recent = new Set<string>()
  #held = new Map<string, string[]>()
  #count = 0

  /** @param folder empty, and nobody else's */
  constructor(folder: string) {
    this.#folder = folder
  }

  async add({ blob, why }: Pin): Promise<void> {
    const hash = hexOf(blob)
    const line = `${hash}${why.replace(/\p{Cc}/gu, ' ').slice(0, 200)}\n`
    if (this.#recent.has(line)) return
    if (this.#recent.size >= MAX_HELD) this.#recent.clear()
    this.#recent.add(line)
    const part = hash.slice(0, 2)
    const lines = this.#held.get(part) ?? []
    lines.push(line)
    this.#held.set(part, lines)
    this.#count++
    if (this.#count >= MAX_HELD) await this.flush()
  }

  async flush(): Promise<void> {
    const held = this.#held
    this.#held = new Map()
    this.#count = 0
    for (const [part, lines] of held) await appendFile(join(this.#folder, part), lines.join(''))
  }

  /** Reasons by hash, of those whose hashes start with two digits. After `flush`. */
  async part(digits: string): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = new Map<string, string[]>()
    for (const line of (await readIfThere(join(this.#folder, digits))).split('\n')) {
      if (line === '') continue
      const hash = line.slice(0, 64)
      const why = line.slice(64)
      const reasons = found.get(hash) ?? []
      if (reasons.length < MAX_REASONS && !reasons.includes(why)) reasons.push(why)
      found.set(hash, reasons)
    }
    return found
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (isMissing(cause)) return ''
    throw cause
  }
}
