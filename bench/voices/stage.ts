import {
  BLOCK,
  type EntryKey,
  type Frames,
  jamIdOf,
  type Name,
  playerIdOf,
  type PlayerRef,
  refOf,
} from '../../lib/base/index.ts'
import { type Command, type Conductor, Grid, PendingTags, TagFlow } from '../../lib/jam/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { MAX_PLAYER_INSTANCES } from '../../lib/mix/constants.ts'
import { LocalRunner, Renderer } from '../../lib/mix/index.ts'
import type { Ready } from './generators.ts'

const PLAYER = playerIdOf(new Uint8Array(32).fill(3))
const REF: PlayerRef = refOf(PLAYER)
const KEY = `%${'A'.repeat(43)}=.sha256` as EntryKey
/** A jam at its busiest. */
const TAGS: readonly (readonly [path: string, value: number | string])[] = [
  ['jam/context', 'drop'],
  [`${REF}/density`, 1],
  [`${REF}/chord`, 0],
]

/** The mix of one jam at 112 in which so many instances of one generator begin at the first frame, on this thread. */
export function stage({ name, archive, prepared }: Ready, instances: number): Renderer {
  const grid = new Grid([{ bar: 0, tempo: 112, meter: '4/4', comparable: 0, key: KEY }])
  const tags = TAGS.map(([path, value]): Command => ({ kind: 'tag', frame: 0, path, value }))
  const starts = Array.from({ length: instances }, (_, n): Command => {
    const instance = `${name}-${n}` as Name
    const generator = name as Name
    const order = { at: 0, comparable: n, key: KEY }
    const jam = jamIdOf(PLAYER, 'bench' as Name)
    const player = refOf(playerIdOf(new Uint8Array(32).fill(3 + Math.floor(n / MAX_PLAYER_INSTANCES))))
    const path = `${player}/${generator}/${instance}` as const
    const spec = { jam, path, player, generator, instance, archive, order, params: {}, startBeat: 0 }
    return { kind: 'start', frame: 0, spec }
  })
  const conductor: Conductor = {
    grid,
    commands: (from: Frames) => (from === 0 ? [...tags, ...starts] : []),
  }
  const parts = { conductor, flow: new TagFlow(), pending: new PendingTags(), runners: [new LocalRunner()] }
  const renderer = new Renderer({ ...parts, sha256: (bytes) => nodeCrypto.sha256(bytes) })
  renderer.prepare(archive, prepared)
  return renderer
}

/** Renders from where it is to a frame. */
export function renderTo(renderer: Renderer, frame: Frames): void {
  const left = new Float32Array(BLOCK)
  const right = new Float32Array(BLOCK)
  while (renderer.frame < frame) {
    const { events } = renderer.renderQuantum(left, right)
    const bad = events.find(({ kind }) => kind === 'failed' || kind === 'refused')
    if (bad) throw new Error(`${bad.path} ${bad.kind}`)
  }
}
