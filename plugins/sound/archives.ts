import type { BlobId } from '../../lib/base/index.ts'
import type { ArchiveFile } from '../../lib/engine/index.ts'
import type { Log } from '../../lib/host/index.ts'
import type { GeneratorsApi } from '../generators/index.ts'
import type { LiveJam } from '../jams/index.ts'

/** An archive that nobody had is asked for again after this. */
const RETRY_MILLIS = 2_000

interface Init {
  readonly jam: LiveJam
  readonly generators: GeneratorsApi
  readonly log: Log
  /** Hands a file to the engine. */
  readonly hand: (archive: ArchiveFile) => void
  /** Something about an archive is another now. */
  readonly changed: () => void
}

/** The archives that a jam's plays name, each brought here once and handed to the engine. */
export class Archives {
  readonly #init: Init
  readonly #states = new Map<BlobId, 'fetching' | 'sent' | 'ready' | 'refused'>()
  #retry: NodeJS.Timeout | undefined
  readonly #release: (() => void)[]
  #stopped = false

  constructor(init: Init) {
    this.#init = init
    this.#release = [
      init.generators.hold((archive) => this.#states.has(archive)),
      init.generators.onPermits(() => this.#tryRefused()),
    ]
  }

  /** How far an archive is; undefined where no play that counts names it. */
  stateOf(archive: BlobId): 'fetching' | 'sent' | 'ready' | 'refused' | undefined {
    return this.#states.get(archive)
  }

  /** Those that are still on their way here. */
  fetching(): BlobId[] {
    return [...this.#states].filter(([, state]) => state === 'fetching').map(([archive]) => archive)
  }

  /** What the engine made of one. */
  note(archive: BlobId, state: 'ready' | 'refused'): void {
    this.#states.set(archive, state)
  }

  /** What is here already, before the engine begins. */
  async atHand(): Promise<ArchiveFile[]> {
    const here: ArchiveFile[] = []
    for (const archive of this.#wanted()) {
      const file = await this.#init.generators.atHand(archive)
      if (file === undefined) continue
      this.#states.set(archive, 'sent')
      here.push({ archive, file, mayRun: await this.#init.generators.mayRun(archive) })
    }
    return here
  }

  /** Brings every archive that a play names, and hands it over. */
  want(): void {
    if (this.#stopped) return
    for (const archive of this.#wanted()) {
      this.#states.set(archive, 'fetching')
      void this.#bring(archive)
    }
  }

  /** Asks for nothing more, and holds nothing. */
  stop(): void {
    this.#stopped = true
    for (const release of this.#release) release()
    clearTimeout(this.#retry)
  }

  /** What the engine refused may be a process that is allowed now. */
  #tryRefused(): void {
    for (const [archive, state] of this.#states) if (state === 'refused') this.#states.delete(archive)
    this.want()
  }

  /** Archives of plays that count, as far as nothing has been done about them. */
  #wanted(): Set<BlobId> {
    const { ledger } = this.#init.jam
    const wanted = new Set<BlobId>()
    for (const item of ledger.items()) {
      if (item.kind !== 'play' || this.#states.has(item.payload.archive)) continue
      if (ledger.refuse(item) === undefined) wanted.add(item.payload.archive)
    }
    return wanted
  }

  async #bring(archive: BlobId): Promise<void> {
    const { generators, log, hand, changed } = this.#init
    try {
      const file = await generators.ensure(archive)
      this.#states.set(archive, 'sent')
      hand({ archive, file, mayRun: await generators.mayRun(archive) })
    } catch (error) {
      this.#states.delete(archive)
      log.warn({ err: error, archive }, 'an archive that is to be played has not come yet')
      this.#retryLater()
    }
    changed()
  }

  #retryLater(): void {
    if (this.#retry || this.#stopped) return
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.want()
    }, RETRY_MILLIS)
    this.#retry.unref()
  }
}
