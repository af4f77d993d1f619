import { BLOCK, MarmaladeError } from '../base/index.ts'
import type { BlobId, EntryKey, Frames, JamId, Name, Refusal, Ticks } from '../base/index.ts'
import { EntryTags, heldByEntries } from './entry-tags.ts'
import { Docket } from './docket.ts'
import { EventLog } from './events.ts'
import type { ConductorEvent } from './events.ts'
import type { Grid } from './grid.ts'
import { GridTags } from './grid-tags.ts'
import { tickOf } from './items.ts'
import type { JamEntry, JamItem, SoundItem, ParamItem, PlayItem, TagItem } from './items.ts'
import { Ledger } from './ledger.ts'
import type { Members } from './members.ts'
import { Presence } from './presence.ts'
import { Stage } from './stage.ts'
import type { Window } from './stage.ts'
import { compareAt } from './track.ts'
import type { ParamDefaults } from './track.ts'
import type { Command, Conductor, ReadTag, TagValue } from './types.ts'
import { RANK, Wakes } from './wakes.ts'
import type { DueWake } from './wakes.ts'

export interface ConductorInit {
  readonly jam: JamId
  /** Newest visible tag: what instances set, and what this conductor told before. */
  readonly readTag: ReadTag
  /** Where a replay ends: its score's `endTick`. Live there is none but the starter's `end`. */
  readonly until?: Ticks
}

/** In which order commands hold at one frame. */
const ORDER: Readonly<Record<Command['kind'], number>> = { tag: 0, stop: 1, start: 2, param: 3, end: 4 }

/**
 * Tells what of a jam's entries takes effect when, live as in a replay (ENGINE-1 sections 1 and 2). Entries and
 * archives may come at any time; what is there before its frame is rendered takes effect exactly there. Then the
 * commands are the same as those of a replay of the score; what was late, and by how much, `events` says.
 */
export class JamConductor implements Conductor {
  readonly #ledger: Ledger
  readonly #docket: Docket
  readonly #wakes = new Wakes()
  readonly #log = new EventLog()
  readonly #tags = new EntryTags()
  readonly #gridTags: GridTags
  readonly #stage: Stage
  readonly #presence: Presence
  readonly #readTag: ReadTag
  #grid: Grid
  #next: Frames | undefined
  #first = true
  #over = false
  #players = NaN

  constructor({ jam, readTag, until }: ConductorInit) {
    this.#ledger = new Ledger(jam, until)
    this.#docket = new Docket(this.#ledger)
    this.#grid = this.#ledger.grid
    this.#readTag = readTag
    this.#gridTags = new GridTags((path, value, frame) => this.#tags.tell(path, value, frame))
    this.#presence = new Presence(this.#ledger, this.#wakes)
    this.#stage = new Stage({
      ledger: this.#ledger,
      wakes: this.#wakes,
      log: this.#log,
      newest: (name, frame) => this.#newest(name, frame),
      heldBefore: (play, frame) => this.#heldBefore(play, frame),
    })
  }

  /** As the entries observed so far have it. */
  get grid(): Grid {
    return this.#ledger.grid
  }
  get members(): Members {
    return this.#ledger.members
  }

  /** Entries arrived: of this jam, and `generator` entries of its members; others are passed over. */
  observe(entries: Iterable<JamEntry>): void {
    for (const entry of entries) {
      const why = this.#docket.add(entry)
      if (why) this.#refuse(entry, why)
    }
  }

  /** Entries are gone from their feeds: another branch took over. What only they made happen ends. */
  withdraw(keys: Iterable<EntryKey>): void {
    for (const key of keys) this.#docket.remove(key)
  }

  #refuse({ key, identity }: Pick<JamEntry, 'key' | 'identity'>, { code, message }: Refusal): void {
    this.#log.add({ kind: 'refused', key, identity, code, message })
  }

  /** An archive is ready to start, with the defaults of its parameters where they are known. */
  archiveReady(blob: BlobId, defaults: ParamDefaults = {}): void {
    this.#stage.archiveReady(blob, defaults)
  }

  /** The first frame that this session renders, a multiple of 128. @throws MarmaladeError INTERNAL */
  begin(frame: Frames): void {
    if (this.#next !== undefined || frame % BLOCK !== 0)
      throw new MarmaladeError('INTERNAL', `begin once, at a multiple of ${BLOCK}`)
    this.#next = frame
  }

  /** @throws MarmaladeError INTERNAL where frames are not asked for in order */
  commands(from: Frames): readonly Command[] {
    if (this.#next === undefined || from < this.#next || from % BLOCK !== 0)
      throw new MarmaladeError('INTERNAL', `frames are rendered in order by ${BLOCK} from begin on, not from ${from}`)
    const window: Window = { from, to: from + BLOCK, first: this.#first, out: [] }
    this.#next = window.to
    if (this.#over || !this.#ledger.start) return []
    this.#first = false
    this.#stage.resume(window)
    this.#settle(window)
    this.#noteGrid(window)
    this.#render(window)
    return window.out.sort((a, b) => a.frame - b.frame || ORDER[a.kind] - ORDER[b.kind])
  }

  /** What happened since the last call. */
  events(): readonly ConductorEvent[] {
    return this.#log.drain()
  }

  /** Carries out what changed of what counts. */
  #settle(window: Window): void {
    const verdicts = this.#docket.judge()
    if (!verdicts) return
    for (const item of verdicts.dropped) this.#drop(item, window)
    for (const item of verdicts.admitted) this.#admit(item, window)
    for (const { item, why } of verdicts.refused) this.#refuse(item, why)
    if (!verdicts.shaped) return
    this.#stage.membersChanged()
    this.#presence.membersChanged()
  }

  #admit(item: JamItem, window: Window): void {
    if (!isSound(item)) return
    this.#presence.add(item)
    const tick = item.payload.at
    const late = this.#ledger.grid.frameOfTick(tick) < window.from
    if (item.kind === 'play') this.#stage.addPlay(item, window)
    else if (item.kind === 'stop') this.#stage.addStop(item)
    else if (item.kind === 'tag') this.#wakes.push({ tick, rank: RANK.tag, position: item, item, late })
    else this.#wakes.push({ tick, rank: RANK.param, position: item, item, late })
  }

  #drop(item: JamItem, window: Window): void {
    const { from } = window
    const past = [...this.#docket.counted()].filter(
      (it) => this.#ledger.grid.frameOfTick(tickOf(it, this.#grid)) < from,
    )
    if (isSound(item)) this.#presence.remove(item)
    if (item.kind === 'play') this.#stage.dropPlay(item, window)
    if (item.kind === 'stop') this.#stage.dropStop(item)
    if (item.kind === 'tag') {
      const tags = past.filter((it) => it.kind === 'tag')
      window.out.push(...this.#tags.withdraw(item, tags, from))
    }
    if (item.kind === 'param') this.#dropParam(item, past, window)
  }

  #dropParam(item: ParamItem, past: readonly JamItem[], window: Window): void {
    const { instance, name } = item.payload
    const track = this.#stage.trackOf(item.identity, instance)
    const same = past.filter((it) => it.kind === 'param' && it.identity === item.identity) as ParamItem[]
    const before = same.filter((it) => it.payload.instance === instance && it.payload.name === name).sort(compareAt)
    const value = track.dropParam(item, before.at(-1), window.from, this.#stage.defaultsOf(track))
    if (value === undefined || track.state !== 'sounding' || !track.path) return
    window.out.push({ kind: 'param', frame: window.from, path: track.path, name, value, over: 0 })
  }

  /** Notes a change of tempo or meter that came after its bar: the beat jumps once. */
  #noteGrid(window: Window): void {
    const { grid } = this.#ledger
    const { from, first } = window
    if (grid === this.#grid) return
    const [before, after] = [this.#grid.beatOfFrame(from), grid.beatOfFrame(from)]
    this.#grid = grid
    this.#stage.gridChanged(window)
    if (before !== after && !first) this.#log.add({ kind: 'grid', frame: from, from: before, to: after })
  }

  #render(window: Window): void {
    const { grid, endTick } = this.#ledger
    const { from, to, out } = window
    const end = endTick === Infinity ? Infinity : grid.frameOfTick(endTick)
    if (end > from) {
      if (window.first) this.#tellFirst(window)
      out.push(...this.#gridTags.commands(grid, from, to))
      // What a wake aims anew may be due in the same block.
      for (let due = this.#due(window); due.length > 0; due = this.#due(window))
        for (const one of due) this.#wake(one, window)
    }
    if (end >= to) return
    const frame = Math.max(end, from)
    window.out = [...window.out.filter((command) => command.frame < frame), { kind: 'end', frame }]
    this.#stage.endAll(frame)
    this.#over = true
  }

  #due({ from, to }: Window): readonly DueWake[] {
    return this.#wakes.due(this.#ledger.grid, from, to, this.#ledger.endTick)
  }

  #tellFirst({ from, out }: Window): void {
    const title = this.#ledger.start?.payload.title
    if (title !== undefined) out.push(this.#tags.tell('jam/title', title, from))
    out.push(...this.#tellPlayers(from))
  }

  #tellPlayers(frame: Frames): readonly Command[] {
    const count = this.#presence.countAt(Math.floor(this.#ledger.grid.tickOfFrame(frame)))
    if (count === this.#players) return []
    this.#players = count
    return [this.#tags.tell('jam/players', count, frame)]
  }

  #wake({ wake, frame }: DueWake, window: Window): void {
    switch (wake.rank) {
      case RANK.tag: {
        if (!this.#docket.counts(wake.item)) return
        const commands = this.#tags.apply(wake.item, frame)
        window.out.push(...commands)
        this.#applied(wake, frame, window, commands.length > 0)
        return
      }
      case RANK.players:
        window.out.push(...this.#tellPlayers(frame))
        return
      case RANK.param:
        if (this.#docket.counts(wake.item)) this.#param(wake, frame, window)
        return
      case RANK.end:
        this.#stage.end(wake.track, frame, window)
        return
      case RANK.start:
        this.#stage.start(wake.track, wake.tick, frame, window)
    }
  }

  #param(wake: ItemWake<ParamItem>, frame: Frames, window: Window): void {
    const { instance, name, value } = wake.item.payload
    const track = this.#stage.trackOf(wake.item.identity, instance)
    const over = track.applyParam(wake.item, this.#ledger.grid, frame)
    this.#applied(wake, frame, window, over !== undefined)
    if (over === undefined || track.state !== 'sounding' || !track.path) return
    window.out.push({ kind: 'param', frame, path: track.path, name, value, over })
  }

  #applied(wake: ItemWake<TagItem | ParamItem>, frame: Frames, { first }: Window, took: boolean): void {
    const { key, payload } = wake.item
    if (!took) {
      this.#log.add({ kind: 'superseded', key, frame })
      return
    }
    const by = frame - this.#ledger.grid.frameOfTick(payload.at)
    const reason = first ? 'join' : wake.late ? 'entry' : 'grid'
    this.#log.add({ kind: 'applied', key, frame, ...(by > 0 ? { late: { by, reason } } : {}) })
  }

  /** The newest value by anybody at a frame: of what entries told, this block included, and what instances set. */
  #newest(name: Name, frame: Frames): TagValue | undefined {
    const told = this.#tags.newest(name)
    const set = this.#readTag(name, frame)
    if (!told || !set) return (told ?? set)?.value
    return told.frame > set.frame ? told.value : set.value
  }

  #heldBefore(play: PlayItem, frame: Frames): Ticks | undefined {
    const { when, at } = play.payload
    if (!when) return undefined
    const { grid } = this.#ledger
    const tags = [...this.#docket.counted()].filter((it) => it.kind === 'tag')
    const first = Math.ceil(grid.barOfTick(at))
    const last = Math.ceil(grid.barOfTick(grid.tickOfFrame(frame)))
    const bars = Array.from({ length: Math.max(0, last - first) }, (_, index) => grid.tickOfBar(first + index))
    return heldByEntries(tags, when, bars)
  }
}

interface ItemWake<T> {
  readonly item: T
  readonly late: boolean
}

const isSound = (item: JamItem): item is SoundItem =>
  item.kind === 'play' || item.kind === 'stop' || item.kind === 'param' || item.kind === 'tag'
