import type { BlobId } from '../../lib/base/index.ts'
import type { ArchiveFile, ArchiveOutcome } from '../../lib/engine/index.ts'
import type { Log } from '../../lib/host/index.ts'
import type { GeneratorsApi } from '../generators/index.ts'
import type { LiveJam } from '../jams/index.ts'

/** An archive that nobody had is asked for again after this. */
const RETRY_MILLIS = 2_000
/** Archives prepared in a session before anybody plays them: some of what was there when it began, most for what comes. */
const MAX_AHEAD = 64

export interface ArchivesInit {
  readonly jam: { readonly ledger: Pick<LiveJam['ledger'], 'items' | 'refuse' | 'members'> }
  readonly generators: Pick<GeneratorsApi, 'hold' | 'onPermits' | 'onPublished' | 'atHand' | 'ensure' | 'mayRun'>
  /** What may be played next, the likeliest first. */
  readonly likely: () => Promise<readonly BlobId[]>
  readonly log: Log
  /** Hands a file to the engine, which answers once for each time. */
  readonly hand: (archive: ArchiveFile) => void
  /** Something about an archive is another now. */
  readonly changed: () => void
}

type State = 'fetching' | 'sent' | 'ready' | 'refused'

interface Known {
  state: State
  /** Once it is here. */
  file?: string
  /** What the engine was told last. */
  mayRun?: boolean
  /** Times that it was handed over and not answered yet. */
  asked: number
  /** It runs in the engine itself, whoever published it. */
  needsNoPermit: boolean
  /** No play names it yet. */
  isAhead?: boolean
}

/**
 * The archives that a jam's plays name, each brought here once and handed to the engine; again where it may run now, or no more.
 * What may be played next is handed over before, one at a time, so that the first play of it need not wait until it is compiled.
 */
export class Archives {
  readonly #init: ArchivesInit
  readonly #known = new Map<BlobId, Known>()
  /** Those of which it is to be looked whether they may run, one after the other: so what is told last is as it is. */
  readonly #toLook = new Set<BlobId>()
  #looking = false
  #engineRuns = false
  #lookingAhead = false
  #lookAheadAgain = false
  /** What may be played next and was not looked at. */
  #likely: BlobId[] = []
  /** What the engine prepares before anybody plays it. */
  #ahead: BlobId | undefined
  readonly #triedAhead = new Set<BlobId>()
  #retry: NodeJS.Timeout | undefined
  readonly #release: (() => void)[]
  #stopped = false

  constructor(init: ArchivesInit) {
    this.#init = init
    this.#release = [
      init.generators.hold((archive) => this.#known.has(archive)),
      init.generators.onPermits(() => this.#look(this.#known.keys())),
      init.generators.onPublished((player) => {
        if (init.jam.ledger.members.everyone.has(player)) void this.#lookAhead()
      }),
    ]
  }

  /** How far an archive is; undefined where no play that counts names it. */
  stateOf(archive: BlobId): State | undefined {
    return this.#known.get(archive)?.state
  }

  /** Those that are still on their way here. */
  fetching(): BlobId[] {
    return [...this.#known].filter(([, { state }]) => state === 'fetching').map(([archive]) => archive)
  }

  /** What the engine made of one. False where that is out of date: it was handed over again since. */
  note({ archive, refusal, runtime }: ArchiveOutcome): boolean {
    const known = this.#known.get(archive)
    if (!known) return false
    known.asked = Math.max(0, known.asked - 1)
    if (known.asked > 0) return false
    if (this.#ahead === archive) {
      this.#ahead = undefined
      void this.#prepareNext()
    }
    if (known.isAhead && refusal) {
      // Handed over again where it is played: then it matters why not.
      this.#known.delete(archive)
      return false
    }
    known.state = refusal ? 'refused' : 'ready'
    known.needsNoPermit = runtime === 'wasm'
    return true
  }

  /** What is here already, before the engine begins. */
  async atHand(): Promise<ArchiveFile[]> {
    const { generators } = this.#init
    const here: ArchiveFile[] = []
    for (const archive of this.#wanted()) {
      const file = await generators.atHand(archive)
      if (file === undefined) continue
      const known: Known = { state: 'sent', file, asked: 1, needsNoPermit: false }
      this.#known.set(archive, known)
      known.mayRun = await generators.mayRun(archive)
      here.push({ archive, file, mayRun: known.mayRun })
    }
    return here
  }

  /** Brings every archive that a play names, and hands it over. The engine runs from the first call on. */
  want(): void {
    if (this.#stopped) return
    if (!this.#engineRuns) {
      this.#engineRuns = true
      void this.#lookAhead()
    }
    this.#look([])
    for (const archive of this.#wanted()) {
      this.#known.set(archive, { state: 'fetching', asked: 0, needsNoPermit: false })
      void this.#bring(archive)
    }
  }

  /** Asks for nothing more, and holds nothing. */
  stop(): void {
    this.#stopped = true
    for (const release of this.#release) release()
    clearTimeout(this.#retry)
  }

  /** Archives of plays that count, as far as nothing has been done about them. */
  #wanted(): Set<BlobId> {
    const { ledger } = this.#init.jam
    const wanted = new Set<BlobId>()
    for (const item of ledger.items()) {
      if (item.kind !== 'play') continue
      const { archive } = item.payload
      const known = this.#known.get(archive)
      if ((known && !known.isAhead) || ledger.refuse(item) !== undefined) continue
      if (!known) wanted.add(archive)
      else {
        known.isAhead = false
        this.#look([archive])
      }
    }
    return wanted
  }

  /** Reads anew what may be played next, and prepares it. */
  async #lookAhead(): Promise<void> {
    if (!this.#engineRuns || this.#stopped || this.#triedAhead.size >= MAX_AHEAD) return
    this.#lookAheadAgain = this.#lookingAhead
    if (this.#lookingAhead) return
    this.#lookingAhead = true
    try {
      this.#likely = [...(await this.#init.likely())]
    } catch (err) {
      this.#init.log.warn({ err }, 'nothing is prepared ahead of its play')
    }
    this.#lookingAhead = false
    if (this.#lookAheadAgain) await this.#lookAhead()
    else await this.#prepareNext()
  }

  /** Hands over the next, once the engine has answered for the one before. */
  async #prepareNext(): Promise<void> {
    while (this.#ahead === undefined && !this.#stopped && this.#triedAhead.size < MAX_AHEAD) {
      const archive = this.#likely.shift()
      if (archive === undefined) return
      if (this.#known.has(archive) || this.#triedAhead.has(archive)) continue
      this.#triedAhead.add(archive)
      this.#ahead = archive
      const file = await this.#atHand(archive)
      if (file !== undefined && !this.#known.has(archive)) {
        this.#known.set(archive, { state: 'sent', file, mayRun: false, asked: 1, needsNoPermit: false, isAhead: true })
        this.#init.hand({ archive, file, mayRun: false })
        return
      }
      this.#ahead = undefined
    }
  }

  async #atHand(archive: BlobId): Promise<string | undefined> {
    try {
      const file = await this.#init.generators.atHand(archive)
      return this.#stopped ? undefined : file
    } catch (err) {
      this.#init.log.warn({ err, archive }, 'an archive is not prepared ahead of its play')
      return undefined
    }
  }

  async #bring(archive: BlobId): Promise<void> {
    const known = this.#known.get(archive)
    try {
      const file = await this.#init.generators.ensure(archive)
      if (known) known.file = file
      this.#look([archive])
    } catch (error) {
      this.#giveUp(archive, error, 'an archive that is to be played has not come yet')
    }
  }

  /** What may run may be another now. */
  #look(archives: Iterable<BlobId>): void {
    for (const archive of archives) this.#toLook.add(archive)
    if (this.#looking || !this.#engineRuns) return
    void this.#lookAtAll()
  }

  async #lookAtAll(): Promise<void> {
    this.#looking = true
    for (const archive of this.#toLook) {
      if (this.#stopped) return
      this.#toLook.delete(archive)
      try {
        await this.#hand(archive)
      } catch (error) {
        this.#giveUp(archive, error, 'it is not known whether an archive may run')
      }
    }
    this.#looking = false
  }

  /** Hands an archive over that is here, where the engine does not know yet what may be said of it. */
  async #hand(archive: BlobId): Promise<void> {
    const known = this.#known.get(archive)
    if (known?.file === undefined || known.needsNoPermit) return
    const mayRun = await this.#init.generators.mayRun(archive)
    if (known.mayRun === mayRun || this.#stopped) return
    known.mayRun = mayRun
    known.state = 'sent'
    known.asked++
    this.#init.hand({ archive, file: known.file, mayRun })
    this.#init.changed()
  }

  #giveUp(archive: BlobId, error: unknown, message: string): void {
    this.#known.delete(archive)
    this.#init.log.warn({ err: error, archive }, message)
    this.#retryLater()
    this.#init.changed()
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
