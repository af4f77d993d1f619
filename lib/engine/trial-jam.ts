import {
  blobIdOf,
  entryKeyOf,
  generatorIdOf,
  jamIdOf,
  name,
  playerIdOf,
  refOf,
  TICKS_PER_BEAT,
  utf8,
  type Frames,
  type JamId,
  type PlayerId,
} from '../base/index.ts'
import type { Manifest } from '../generators/index.ts'
import { ENGINE, Grid, type InstancePath, type JamEntry, type TagValue } from '../jam/index.ts'
import { nodeCrypto } from '../keys/index.ts'

/** How long and under what a generator is tried. */
export interface TrialPlan {
  /** Beats a minute. */
  readonly tempo: number
  /** Of 4/4, from the jam's first on. */
  readonly bars: number
  /** Beside the defaults. */
  readonly params: Readonly<Record<string, number>>
  /** Tags that the only player has set from the first frame on. */
  readonly tags: Readonly<Record<string, TagValue>>
}

/** Of every trial, which is in 4/4. */
export const BEATS_PER_BAR = 4
const sha256 = (text: string): Uint8Array => nodeCrypto.sha256(utf8(text))
/** Nobody has its key: nothing of this jam is signed or published. */
const PLAYER: PlayerId = playerIdOf(sha256('marmalade trial'))

/** A jam in which one player plays one generator alone, from the first bar to the end. */
export interface TrialJam {
  readonly jam: JamId
  readonly path: InstancePath
  readonly entries: readonly JamEntry[]
}

const METER = `${BEATS_PER_BAR}/4`

/** Where bars and beats lie in a trial at a tempo. */
export const trialGrid = (tempo: number): Grid =>
  new Grid([{ bar: 0, tempo, meter: METER, comparable: 0, key: entryKeyOf(sha256('trial')) }])

/** The frame at which a trial is stopped. */
export const trialStop = ({ tempo, bars }: Pick<TrialPlan, 'tempo' | 'bars'>): Frames =>
  trialGrid(tempo).frameOfBar(bars)

export function trialJam(archive: Uint8Array, manifest: Manifest, plan: TrialPlan): TrialJam {
  const jam = jamIdOf(PLAYER, name('trial'))
  const generator = name(manifest.name)
  const blob = blobIdOf(nodeCrypto.sha256(archive))
  const placed = { jam, at: 0, on: 'bar' }
  const { tempo, params } = plan
  const payloads = [
    { type: 'jam', jam, action: 'start', tempo, meter: METER, engine: ENGINE },
    { type: 'generator', name: generator, archive: blob, size: archive.length, runtime: manifest.runtime },
    ...Object.entries(plan.tags).map(([tag, value]) => ({ type: 'tag', ...placed, name: tag, value })),
    {
      type: 'play',
      ...placed,
      generator: generatorIdOf(PLAYER, generator),
      archive: blob,
      instance: generator,
      ...(Object.keys(params).length > 0 && { params }),
    },
    { type: 'jam', jam, action: 'end', at: plan.bars * BEATS_PER_BAR * TICKS_PER_BEAT },
  ]
  const entries = payloads.map((payload, n) => ({
    identity: PLAYER,
    key: entryKeyOf(sha256(JSON.stringify(payload))),
    comparable: n + 1,
    payload,
  }))
  return { jam, path: `${refOf(PLAYER)}/${generator}/${generator}`, entries }
}
