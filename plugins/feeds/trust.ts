import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { MarmaladeError, isPlayerId, type PlayerId } from '../../lib/base/index.ts'

/** Players trusted at most. */
const MOST = 4_096

/**
 * Whose process archives may run here without being allowed one by one: a setting of this machine, in a file of its own,
 * never an entry (FEEDS section 6).
 */
export class Trust {
  readonly #file: string | undefined
  readonly #players: Set<PlayerId>
  readonly #listeners = new Set<() => void>()
  #writing: Promise<void> = Promise.resolve()

  /**
   * @param file where it is remembered; without one, as long as the node runs
   * @throws MarmaladeError CONFIG_INVALID where the file is no list of identities
   */
  constructor(file: string | undefined) {
    this.#file = file
    this.#players = new Set(file === undefined ? [] : readList(file))
  }

  has(player: PlayerId): boolean {
    return this.#players.has(player)
  }

  list(): PlayerId[] {
    return [...this.#players]
  }

  /** Resolves when it is remembered. @throws MarmaladeError CONFIG_INVALID where too many are trusted */
  async set(player: PlayerId, on: boolean): Promise<void> {
    if (on && this.#players.size >= MOST)
      throw new MarmaladeError('CONFIG_INVALID', `${MOST} players are trusted already: \`untrust\` some`)
    if (on) this.#players.add(player)
    else this.#players.delete(player)
    const written = this.#writing.then(() => this.#write())
    this.#writing = written.catch(() => undefined)
    // It holds now, whether the disk remembers it or not.
    await written.finally(() => {
      for (const listener of this.#listeners) listener()
    })
  }

  /** Gives a function that takes the listener away. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async #write(): Promise<void> {
    if (this.#file === undefined) return
    await writeFile(`${this.#file}.new`, `${JSON.stringify(this.list(), null, 2)}\n`, { mode: 0o600 })
    await rename(`${this.#file}.new`, this.#file)
  }
}

function readList(file: string): PlayerId[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new MarmaladeError('CONFIG_INVALID', `cannot read ${file}: see that this user owns it`, { cause })
  }
  const list = parse(text)
  if (!Array.isArray(list) || !list.every(isPlayerId))
    throw new MarmaladeError('CONFIG_INVALID', `${file} is no list of identities: mend it or remove it`)
  return list
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
