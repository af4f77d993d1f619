import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { MarmaladeError } from '../../lib/base/index.ts'
import { replaceFile } from '../../lib/base/node/replace.ts'
import { ids } from '../../lib/host/index.ts'

const MAX_FILE_BYTES = 4_194_304

const issued = z.strictObject({
  /** The invite's public key in base64; its secret is in the code alone. */
  key: z.string(),
  jam: ids.jam.optional(),
  uses: z.int(),
  /** Milliseconds since 1970. */
  created: z.number(),
  expires: z.number().optional(),
  revoked: z.boolean(),
  follow: z.boolean(),
  /** Who showed it first, in order; `in` once the player has been followed and admitted. */
  joined: z.array(z.strictObject({ player: ids.player, in: z.boolean() })),
})
export type Issued = z.output<typeof issued>

const pending = z.strictObject({
  inviter: ids.player,
  key: z.string(),
  sig: z.string(),
  jam: ids.jam.optional(),
  addresses: z.array(z.string().max(512)).max(16),
})
/** An invite that was accepted while its inviter could not be reached. */
export type Pending = z.output<typeof pending>

const whole = z.strictObject({ issued: z.array(issued), pending: z.array(pending) })
export type InvitesState = z.output<typeof whole>

/** The invites of a home, in a file that is synced before anyone is let in by one. */
export class InvitesFile {
  readonly #path: string
  #last: Promise<unknown> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** @throws MarmaladeError INVITES_UNREADABLE */
  async load(): Promise<InvitesState> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { issued: [], pending: [] }
      throw this.#unreadable(cause)
    }
    try {
      if (text.length > MAX_FILE_BYTES) throw new Error('it is too large')
      return whole.parse(JSON.parse(text))
    } catch (cause) {
      throw this.#unreadable(cause)
    }
  }

  /** Writes one state after the other. Resolves when it is on disk. @throws MarmaladeError INVITES_UNREADABLE */
  save(state: InvitesState): Promise<void> {
    const text = `${JSON.stringify(state, null, 2)}\n`
    const saved = this.#last.then(() => this.#write(text))
    this.#last = saved.catch(() => undefined)
    return saved
  }

  async #write(text: string): Promise<void> {
    try {
      await replaceFile(this.#path, text)
    } catch (cause) {
      throw this.#unreadable(cause)
    }
  }

  #unreadable(cause: unknown): MarmaladeError {
    const message = `${this.#path} cannot be read or written: put back a copy of it, or move it away and make new invites`
    return new MarmaladeError('INVITES_UNREADABLE', message, { cause })
  }
}
