import { readFileSync } from 'node:fs'
import { MarmaladeError } from '../lib/base/index.ts'
import { replaceFile } from '../lib/base/node/replace.ts'

/** Ids in one file at most. */
const MOST = 4_096

interface Init<I extends string> {
  /** Where they are remembered; without one, as long as the node runs. */
  readonly file: string | undefined
  readonly isId: (value: unknown) => value is I
  /** What they are, as `identities`. */
  readonly what: string
  /** What is said where there are 4,096 already. */
  readonly full: string
}

/** Ids that a file of the home remembers: a setting of this machine, never an entry. */
export class IdFile<I extends string> {
  readonly #init: Init<I>
  readonly #ids: Set<I>
  readonly #listeners = new Set<() => void>()
  #writing: Promise<void> = Promise.resolve()

  /** @throws MarmaladeError CONFIG_INVALID where the file is no list of such ids */
  constructor(init: Init<I>) {
    this.#init = init
    this.#ids = new Set(init.file === undefined ? [] : readList(init.file, init))
  }

  has(id: I): boolean {
    return this.#ids.has(id)
  }

  list(): I[] {
    return [...this.#ids]
  }

  /** Resolves when it is remembered. @throws MarmaladeError CONFIG_INVALID where there are too many */
  async set(id: I, on: boolean): Promise<void> {
    if (on && !this.#ids.has(id) && this.#ids.size >= MOST) throw new MarmaladeError('CONFIG_INVALID', this.#init.full)
    if (on) this.#ids.add(id)
    else this.#ids.delete(id)
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
    const { file } = this.#init
    if (file !== undefined) await replaceFile(file, `${JSON.stringify(this.list(), null, 2)}\n`)
  }
}

function readList<I extends string>(file: string, { isId, what }: Init<I>): I[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new MarmaladeError('CONFIG_INVALID', `cannot read ${file}: see that this user owns it`, { cause })
  }
  const list = parse(text)
  if (!Array.isArray(list) || !list.every(isId))
    throw new MarmaladeError('CONFIG_INVALID', `${file} is no list of ${what}: mend it or remove it`)
  return list
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
