/**
 * The grid, the score and the tags told from entries, written from docs/engine-1.md and docs/protocol.md alone: of entries that all
 * count, without `when` and without members who leave.
 */
export interface Payload {
  readonly type: string
  readonly jam?: string
  readonly action?: string
  readonly bar?: number
  readonly tempo?: number
  readonly meter?: string
  readonly generator?: string
  readonly archive?: string
  readonly instance?: string
  readonly at?: number
  readonly length?: number
  readonly params?: Readonly<Record<string, number>>
  readonly replaces?: string
  readonly name?: string
  readonly value?: number | string
  readonly over?: number
}
export interface Item {
  readonly key: string
  readonly identity: string
  readonly comparable: number
  readonly payload: Payload
}
/** An instance: its `play`, its `param`s in score order, its frames. */
export interface Play {
  readonly item: Item
  readonly path: string
  readonly params: readonly Payload[]
  readonly start: number
  readonly end: number
}
export interface Tag {
  readonly frame: number
  readonly path: string
  readonly value: number | string
}
export interface Score {
  readonly grid: Grid
  readonly tags: readonly Tag[]
  readonly plays: readonly Play[]
  /** All that can sound, in whole blocks of 128. */
  readonly frames: number
}

const LONGEST_TAIL = 384_000
const raw = (key: string): Buffer => Buffer.from(key.slice(1), 'base64')
const at = ({ payload }: Item): number => payload.at ?? 0
const byTime = (a: Item, b: Item): number => a.comparable - b.comparable || Buffer.compare(raw(a.key), raw(b.key))
const last = <T>(list: readonly T[], holds: (value: T) => boolean): T => list.findLast(holds) ?? list[0]!
export const playerOf = (identity: string): string => raw(identity.slice(0, 45)).toString('base64url')

export class Grid {
  readonly meters: { bar: number; tick: number; ticks: number; meter: string }[] = []
  readonly tempos: { tick: number; at: number; tempo: number }[] = []

  /** `points`: start, tempo and meter, by (comparable, key): the last of a bar counts. */
  constructor(points: readonly Payload[]) {
    const newest = <T>(of: (point: Payload) => T | undefined): [number, T][] => {
      const all = points.map((p) => [p.bar ?? 0, of(p)] as const).filter((x): x is [number, T] => x[1] !== undefined)
      return [...new Map(all)].sort((a, b) => a[0] - b[0])
    }
    for (const [bar, meter] of newest((p) => p.meter)) {
      const [n = 4, d = 4] = meter.split('/').map(Number)
      this.meters.push({ bar, tick: this.barTick(bar), ticks: (n * 4 * 960) / d, meter })
    }
    for (const [bar, tempo] of newest((p) => p.tempo)) {
      const tick = this.barTick(bar)
      this.tempos.push({ tick, at: tick === 0 ? 0 : this.exact(tick), tempo })
    }
  }
  barTick(bar: number): number {
    if (bar === 0) return 0
    const m = last(this.meters, (x) => x.bar <= bar)
    return m.tick + (bar - m.bar) * m.ticks
  }
  private exact(tick: number): number {
    const k = last(this.tempos, (x) => x.tick <= tick)
    return k.at + ((tick - k.tick) * 3000) / k.tempo
  }
  frame(tick: number): number {
    return Math.ceil(this.exact(tick))
  }
  /** Frames of a `param`'s way. */
  over({ at = 0, over = 0 }: Payload): number {
    return Math.ceil((over * 3000) / last(this.tempos, (x) => x.tick <= at).tempo)
  }
  at(frame: number): { beat: number; bar: number; step: number } {
    const k = last(this.tempos, (x) => Math.ceil(x.at) <= frame)
    let tick = k.tick + ((frame - k.at) * k.tempo) / 3000
    const whole = Math.round(tick)
    if (whole > tick && this.frame(whole) <= frame) tick = whole
    const m = last(this.meters, (x) => x.tick <= tick)
    return { beat: tick / 960, bar: m.bar + (tick - m.tick) / m.ticks, step: k.tempo / 2_880_000 }
  }
}

export function readScore(jam: string, entries: readonly Item[]): Score {
  const items = entries.filter(({ payload }) => payload.jam === jam).sort(byTime)
  const of = (type: string): Item[] => items.filter((x) => x.payload.type === type).sort((a, b) => at(a) - at(b))
  const acts = (...actions: string[]): Item[] => items.filter((x) => actions.includes(x.payload.action ?? ''))
  const grid = new Grid(acts('start', 'tempo', 'meter').map((x) => x.payload))
  const plays = of('play')
  const mine = (play: Item, items: readonly Item[], name: 'instance' | 'replaces'): Item[] =>
    items.filter((x) => x.identity === play.identity && x.payload[name] === play.payload.instance)
  const endOf = (play: Item): number => {
    const others = [...mine(play, of('stop'), 'instance'), ...mine(play, plays, 'replaces')]
    return Math.min(at(play) + (play.payload.length ?? Infinity), ...others.map(at))
  }
  const open = (): number => {
    const newest = Math.max(0, ...[...plays, ...of('stop'), ...of('param')].map(at))
    return grid.barTick(Math.ceil(grid.at(grid.frame(newest)).bar) + 8)
  }
  const [ended] = acts('end').sort((a, b) => at(a) - at(b))
  const ends = plays.map(endOf)
  const end = ended ? at(ended) : ends.every(Number.isFinite) ? Math.max(0, ...ends) : open()
  const instances = plays.map((item, i) => ({
    item,
    path: [playerOf(item.identity), item.payload.generator?.slice(54), item.payload.instance].join('/'),
    params: mine(item, of('param'), 'instance').map((x) => x.payload),
    start: grid.frame(at(item)),
    end: grid.frame(Math.min(ends[i]!, end)),
  }))
  const frames = Math.ceil((grid.frame(end) + LONGEST_TAIL) / 128) * 128
  return { grid, tags: tagsOf(jam, items, grid, end), plays: instances.filter((x) => x.start < x.end), frames }
}

/** What is told of `jam/...` and of what players publish, before the tick at which the jam ends. */
function tagsOf(jam: string, items: readonly Item[], grid: Grid, end: number): Tag[] {
  const tags: Tag[] = []
  const tell = (tick: number, path: string, value: number | string): void =>
    void tags.push({ frame: grid.frame(tick), path, value })
  const { tempos, meters } = grid
  for (const [i, { tick, tempo }] of tempos.entries())
    if (tempo !== tempos[i - 1]?.tempo) tell(tick, 'jam/tempo', tempo)
  for (const [i, { tick, meter }] of meters.entries())
    if (meter !== meters[i - 1]?.meter) tell(tick, 'jam/meter', meter)
  for (let bar = 0; grid.barTick(bar) < end; bar++) tell(grid.barTick(bar), 'jam/bar', bar)
  for (let beat = 0; beat * 960 < end; beat++) tell(beat * 960, 'jam/beat', beat)
  const players = new Set([jam.slice(0, 53)])
  tell(0, 'jam/players', 1)
  for (const x of items.filter(({ payload }) => payload.at !== undefined).sort((a, b) => at(a) - at(b))) {
    const { type, name, value = NaN } = x.payload
    if (!players.has(x.identity)) tell(at(x), 'jam/players', players.add(x.identity).size)
    if (type === 'tag') tell(at(x), `${playerOf(x.identity)}/${name}`, value)
    if (type === 'tag' && name === 'context') tell(at(x), 'jam/context', value)
  }
  return tags.sort((a, b) => a.frame - b.frame)
}
