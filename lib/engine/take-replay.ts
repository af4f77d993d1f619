import { readFile, stat } from 'node:fs/promises'
import { BLOCK, hex, MarmaladeError, type BlobId, type EntryKey, type Frames } from '../base/index.ts'
import type { PreparedGenerator } from '../generators/index.ts'
import {
  parseTake,
  takeRecordOf,
  type ConductorEvent,
  type InstancePath,
  type JamEntry,
  type ScoreArchive,
  type Take,
  type TakeRecord,
} from '../jam/index.ts'
import { nodeCrypto } from '../keys/index.ts'
import type { InstanceEvent, MixSetting, MixTarget } from '../mix/index.ts'
import { forbidArchive, readyArchive, readySketch, type Ensemble } from './ensemble.ts'
import { instanceRecord } from './take-file.ts'

/** Larger takes are not read. */
const MAX_BYTES = 256 * 1024 * 1024

/** A take as it lies on disk. */
export interface TakeOnDisk extends Take {
  readonly file: string
  /** SHA-256 of the file, hex. */
  readonly sha256: string
}

/** @throws MarmaladeError FILE_INVALID where it cannot be read, TAKE_INVALID where it is no take */
export async function readTake(file: string): Promise<TakeOnDisk> {
  const bytes = await readBounded(file).catch((cause: unknown) => {
    throw new MarmaladeError('FILE_INVALID', `${file} cannot be read as a take`, { cause })
  })
  const take = parseTake(new TextDecoder().decode(bytes))
  return { ...take, file, sha256: hex(nodeCrypto.sha256(bytes)) }
}

async function readBounded(file: string): Promise<Uint8Array> {
  if ((await stat(file)).size > MAX_BYTES) throw new Error('it is too large')
  return new Uint8Array(await readFile(file))
}

/** Where what a replay does is not what the take says. */
export interface Divergence {
  readonly frame: Frames
  /** What the take has there; undefined where it has nothing more. */
  readonly said: TakeRecord | undefined
  readonly did: TakeRecord | undefined
}

/** Entries that a session heard and that are not here: sent ahead of a feed that never brought them, or of a feed that is not here. */
export interface MissingEntries {
  readonly entries: number
  /** Where the first of them became known. */
  readonly frame: Frames
}

/** What a replay of a take came to. */
export interface TakeOutcome {
  /** Undefined where every start, end and change came at the frame that the take says. */
  readonly divergence: Divergence | undefined
  /** The samples' hash that the session wrote when it was closed; undefined where a crash ended it. */
  readonly heardSha256: string | undefined
  /** Records that the session could not keep. */
  readonly missing: number
  /** Frames that a card dropped: they are in the replay all the same. */
  readonly skipped: Frames
}

type Input = Extract<
  TakeRecord,
  {
    kind:
      | 'observed'
      | 'withdrawn'
      | 'archive'
      | 'forbidden'
      | 'sketch'
      | 'sketch-end'
      | 'mix'
      | 'clock'
      | 'reading'
      | 'failed'
  }
>

/**
 * Tells a renderer again what a session's was told, before the same frames: entries as they arrived, archives as they
 * were ready, the player's own mix, what the guard killed. All else follows from that, since one conductor serves both;
 * what follows is held against what the take says followed. Entries that are not here are passed over: one that no feed
 * brought, or that was taken back, would else cost the whole session.
 */
export class TakePlayer {
  /** Undefined where every entry is here. */
  readonly missing: MissingEntries | undefined
  readonly #take: Take
  readonly #entries: ReadonlyMap<EntryKey, JamEntry>
  readonly #inputs: readonly Input[]
  readonly #said: readonly TakeRecord[]
  #input = 0
  #heard = 0
  #divergence: Divergence | undefined

  /** @throws MarmaladeError TAKE_INCOMPLETE where the take, or what is here, can give nothing of what was heard */
  constructor(take: Take, entries: readonly JamEntry[]) {
    if (take.header.version < 2) {
      const message = 'the take was written by a version that did not log what the engine was told: replay the score'
      throw new MarmaladeError('TAKE_INCOMPLETE', message)
    }
    this.#take = take
    this.#entries = new Map(entries.map((entry) => [entry.key, entry]))
    this.#inputs = take.records.filter(isInput)
    this.#said = take.records.filter(isOutcome)
    this.missing = this.#passedOver()
  }

  /** @throws MarmaladeError TAKE_INCOMPLETE */
  #passedOver(): MissingEntries | undefined {
    const heard = new Set<EntryKey>()
    const gone = new Set<EntryKey>()
    let first: Frames | undefined
    for (const input of this.#inputs) {
      if (input.kind !== 'observed') continue
      for (const key of input.keys) {
        heard.add(key)
        if (this.#entries.has(key)) continue
        first ??= input.frame
        gone.add(key)
      }
    }
    if (first === undefined) return undefined
    if (gone.size < heard.size) return { entries: gone.size, frame: first }
    const message = 'no entry that the take heard is here: fetch the feeds of its players, or a bundle that has them'
    throw new MarmaladeError('TAKE_INCOMPLETE', message)
  }

  get first(): Frames {
    return this.#take.header.first
  }

  /** The frame after the last that was heard; where a crash ended the session, the last of which the take knows. */
  get end(): Frames {
    const closed = this.#closed
    const last = this.#take.records.reduce((most, r) => ('frame' in r ? Math.max(most, r.frame) : most), this.first)
    return closed?.frame ?? last
  }

  get archives(): readonly BlobId[] {
    return this.#inputs.flatMap((input) => (input.kind === 'archive' ? [input.archive] : []))
  }

  /** Archives that the player tried out, with the name of each's generator. */
  get sketched(): readonly Pick<ScoreArchive, 'archive' | 'generator'>[] {
    return this.#inputs.flatMap((input) => (input.kind === 'sketch' ? [input] : []))
  }

  /** Tells what was told before the quantum at the renderer's frame. */
  before(ensemble: Ensemble, prepared: ReadonlyMap<BlobId, PreparedGenerator>): void {
    for (let next = this.#inputs[this.#input]; next && isDue(next, ensemble); next = this.#inputs[this.#input]) {
      this.#input++
      this.#tell(next, ensemble, prepared)
    }
  }

  #tell(input: Input, ensemble: Ensemble, prepared: ReadonlyMap<BlobId, PreparedGenerator>): void {
    const { conductor, renderer } = ensemble
    switch (input.kind) {
      case 'observed':
        conductor.observe(input.keys.flatMap((key) => this.#entries.get(key) ?? []))
        return
      case 'withdrawn':
        conductor.withdraw(input.keys)
        return
      case 'archive': {
        const generator = prepared.get(input.archive)
        if (generator) readyArchive(ensemble, input.archive, generator)
        return
      }
      case 'forbidden':
        forbidArchive(ensemble, input.archive)
        return
      case 'sketch': {
        const generator = prepared.get(input.archive)
        if (generator) readySketch(ensemble, input, generator)
        return
      }
      case 'sketch-end':
        ensemble.sketches?.stop(input.name, input.until)
        return
      case 'mix':
        // Fields that are left out are undefined nowhere: what JSON gave has them or has them not.
        renderer.setMix(input.target as MixTarget, input.setting as MixSetting)
        return
      case 'reading':
        if (typeof input.value === 'number') renderer.read(input.path, input.value)
        return
      case 'clock':
        renderer.skipTo(input.to)
        return
      case 'failed': {
        const { frame, code, message } = input
        const path = input.path as InstancePath
        if (code === REFUSED) renderer.refuse(path, message)
        else if (code === LOST) renderer.lose(path, message)
        else renderer.kill(path, frame, { code: TOO_SLOW, message })
      }
    }
  }

  /** Holds what a quantum came to against what the take says. */
  after(jam: readonly ConductorEvent[], instances: readonly InstanceEvent[]): void {
    if (this.#divergence) return
    const did = [...jam.map(takeRecordOf), ...instances.map(instanceRecord)].filter((record) => record !== undefined)
    for (const record of did.filter(isOutcome)) {
      const said = this.#said[this.#heard++]
      if (said && isSame(said, record)) continue
      this.#divergence = { frame: record.frame, said, did: record }
      return
    }
  }

  /** @param to the frame before which the replay ended */
  outcome(to: Frames): TakeOutcome {
    const rest = this.#said[this.#heard]
    if (!this.#divergence && rest && 'frame' in rest && rest.frame < to)
      this.#divergence = { frame: rest.frame, said: rest, did: undefined }
    let [missing, skipped] = [0, 0]
    for (const record of this.#take.records) {
      if (record.kind === 'missing') missing += record.count
      if (record.kind === 'skip') skipped += record.frames
    }
    return { divergence: this.#divergence, heardSha256: this.#closed?.sha256, missing, skipped }
  }

  get #closed(): Extract<TakeRecord, { kind: 'close' }> | undefined {
    return this.#take.records.find((record) => record.kind === 'close')
  }
}

const INPUTS: ReadonlySet<string> = new Set([
  'observed',
  'withdrawn',
  'archive',
  'forbidden',
  'sketch',
  'sketch-end',
  'mix',
  'clock',
  'reading',
])
const OUTCOMES: ReadonlySet<string> = new Set(['applied', 'superseded', 'started', 'ended', 'grid', 'failed'])
const TOO_SLOW = 'GENERATOR_TOO_SLOW'
const REFUSED = 'MIX_REFUSED'
const LOST = 'GENERATOR_LOST'
/** What a guard did, or the death of a thread; an instance for which there is no room is refused again all the same. */
const wasLocal = (record: TakeRecord): boolean =>
  record.kind === 'failed' && (record.code === TOO_SLOW || record.code === REFUSED || record.code === LOST)

/** Where the clock went back, the session waited: nothing of the mix was different. */
const wasWait = (record: TakeRecord): boolean => record.kind === 'clock' && record.to <= record.frame

const isInput = (record: TakeRecord): record is Input =>
  wasLocal(record) || (INPUTS.has(record.kind) && !wasWait(record))
const isOutcome = (record: TakeRecord): record is Extract<TakeRecord, { readonly frame: Frames; kind: 'failed' }> =>
  OUTCOMES.has(record.kind)

/** What ended an instance lies within its quantum, all else at the start of one. */
const isDue = ({ kind, frame }: Input, { renderer }: Ensemble): boolean =>
  kind === 'failed' ? frame < renderer.frame + BLOCK : frame <= renderer.frame

const isSame = (a: TakeRecord, b: TakeRecord): boolean => textOf(a) === textOf(b)
const textOf = (record: TakeRecord): string =>
  JSON.stringify(Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))))
