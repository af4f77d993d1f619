import { hex, MarmaladeError, ownedParts, type BlobId, type Frames } from '../base/index.ts'
import type { PreparedGenerator } from '../generators/index.ts'
import { checkEngine, itemsOf, scoreHash, type JamEntry, type Score, type ScoreArchive } from '../jam/index.ts'
import { nodeCrypto } from '../keys/index.ts'
import type { GroupRunner, OfflineOptions, QuantumReport } from '../mix/index.ts'
import { readyArchive, makeEnsemble, type Ensemble } from './ensemble.ts'
import type { Failures } from './failures.ts'
import type { Sounding } from './sounding.ts'
import { TakePlayer, type MissingEntries, type TakeOnDisk, type TakeOutcome } from './take-replay.ts'
import { applyMix, recasting, whatIfText, type WhatIf } from './what-if.ts'

/** What is rendered: the score, what one player heard, or either of them with something changed. */
export type Rendition = 'score' | 'take' | 'what-if'

/** What a replay is of. */
export interface PerformanceInit {
  readonly score: Score
  /** All that is here of the jam: a take may have heard what the score leaves out. */
  readonly entries: readonly JamEntry[]
  /** What one player heard, instead of the score. */
  readonly take?: TakeOnDisk
  readonly whatIf?: WhatIf
}

export interface Performance {
  readonly rendition: Rendition
  /** SHA-256, hex, of what is rendered: the score's set, the take's file, or either with its changes. */
  readonly hash: string
  /** First frame that can be given, and the one before which it ends, tails left out. */
  readonly first: Frames
  readonly end: Frames
  /** To be prepared before a sample is rendered. */
  readonly archives: readonly ScoreArchive[]
  readonly options: Pick<OfflineOptions, 'close' | 'refuse'>
  /** What a take heard and is left out. */
  readonly missing?: MissingEntries
  begin(beginning: Beginning): Begun
  /** What became of a take, after it was rendered up to a frame. */
  outcome(to: Frames): TakeOutcome | undefined
}

/** What a performance begins with. */
interface Beginning {
  readonly runners: readonly GroupRunner[]
  readonly prepared: ReadonlyMap<BlobId, PreparedGenerator>
  /** Is told what sounds. */
  readonly sounding: Sounding
  /** Is told what does not. */
  readonly failures: Failures
}

/** A performance that is being rendered. */
export interface Begun extends Pick<Ensemble, 'renderer'>, Pick<OfflineOptions, 'before' | 'onReport'> {}

/** @throws MarmaladeError ENGINE_UNKNOWN, TAKE_INCOMPLETE; TAKE_INVALID where the take is of another jam */
export function performanceOf(init: PerformanceInit): Performance {
  const { score, take, whatIf } = init
  checkEngine(score.engine)
  const own = take === undefined ? ofScore(init) : ofTake(init, take)
  if (!whatIf) return own
  const replaced = whatIf.replace.map(({ archive }) => archiveNamed(init, archive))
  return {
    ...own,
    rendition: 'what-if',
    hash: hex(nodeCrypto.sha256(whatIfText(own.hash, whatIf))),
    archives: [...own.archives, ...replaced],
    // What the jam itself did, a changed one need not do.
    outcome: () => undefined,
    begin(beginning) {
      const { prepared } = beginning
      const begun = own.begin(beginning)
      for (const { archive } of replaced) {
        const generator = prepared.get(archive)
        if (generator) begun.renderer.prepare(archive, generator)
      }
      applyMix(whatIf, begun.renderer)
      return begun
    },
  }
}

function ofScore({ score, whatIf }: PerformanceInit): Performance {
  const { jam, archives, end, endTick, taken: entries } = score
  return {
    rendition: 'score',
    hash: hex(scoreHash(score, (bytes) => nodeCrypto.sha256(bytes))),
    first: 0,
    end,
    archives,
    options: {},
    begin({ runners, prepared, sounding, failures }) {
      const recast = whatIf && recasting(whatIf)
      const ensemble = makeEnsemble({
        jam,
        from: 0,
        runners,
        measured: 'limiter',
        until: endTick,
        ...(recast && { recast }),
      })
      const { renderer, conductor } = ensemble
      for (const [archive, generator] of prepared) readyArchive(ensemble, archive, generator)
      conductor.observe(entries)
      return {
        renderer,
        onReport({ events }: QuantumReport) {
          sounding.take(conductor.events(), events)
          failures.take(events)
        },
      }
    },
    outcome: () => undefined,
  }
}

function ofTake({ score, entries, whatIf }: PerformanceInit, take: TakeOnDisk): Performance {
  const { jam } = score
  if (take.header.jam !== jam)
    throw new MarmaladeError('TAKE_INVALID', `the take is of ${take.header.jam}, not of ${jam}`)
  const player = new TakePlayer(take, entries)
  const ready = new Set(player.archives)
  return {
    rendition: 'take',
    hash: take.sha256,
    first: player.first,
    end: player.end,
    archives: [
      ...playedArchives(score, entries).filter(({ archive }) => ready.has(archive)),
      ...player.sketched.map(({ archive, generator }) => ({ archive, generator, publisher: take.header.player })),
    ],
    options: { close: 'cut', refuse: 'nothing' },
    ...(player.missing && { missing: player.missing }),
    begin({ runners, prepared, sounding, failures }) {
      const recast = whatIf && recasting(whatIf)
      const ensemble = makeEnsemble({
        jam,
        player: take.header.player,
        from: player.first,
        runners,
        measured: 'limiter',
        ...(recast && { recast }),
      })
      return {
        renderer: ensemble.renderer,
        before: () => player.before(ensemble, prepared),
        onReport: ({ events }: QuantumReport) => {
          const jam = ensemble.conductor.events()
          player.after(jam, events)
          sounding.take(jam, events)
          failures.take(events)
        },
      }
    },
    outcome: (to) => player.outcome(to),
  }
}

/** Of every play there is, counted or not: a session may have played what a later entry forbids. */
function playedArchives({ jam }: Score, entries: readonly JamEntry[]): ScoreArchive[] {
  return itemsOf(jam, entries).flatMap((item) => {
    if (item.kind !== 'play') return []
    const { archive, generator } = item.payload
    const { owner, name } = ownedParts(generator)
    return [{ archive, publisher: owner, generator: name }]
  })
}

/** Who published an archive that takes another's place; the starter stands for whom no entry names. */
function archiveNamed({ score, entries }: PerformanceInit, archive: BlobId): ScoreArchive {
  for (const item of itemsOf(score.jam, entries)) {
    if (item.kind !== 'generator' || item.payload.archive !== archive) continue
    return { archive, publisher: item.identity, generator: item.payload.name }
  }
  return { archive, publisher: score.starter, generator: score.name }
}
