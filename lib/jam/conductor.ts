import { BLOCK, MarmaladeError } from '../base/index.ts'
import type { BlobId, EntryKey, Frames, JamId, Refusal, Ticks } from '../base/index.ts'
import { Changes } from './changes.ts'
import { Docket } from './docket.ts'
import { EventLog } from './events.ts'
import type { ConductorEvent } from './events.ts'
import type { Grid } from './grid.ts'
import { GridTags } from './grid-tags.ts'
import { isPlaced, isSound, startsFirst, tickOf } from './items.ts'
import type { JamEntry, JamItem, PlacedItem, PlayItem } from './items.ts'
import { Ledger } from './ledger.ts'
import type { Members } from './members.ts'
import { Presence } from './presence.ts'
import { Stage } from './stage.ts'
import type { Window } from './window.ts'
import type { ParamDefaults } from './track.ts'
import type { Command, Conductor, ReadTag, StartCommand } from './types.ts'
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
  readonly #changes: Changes
  readonly #gridTags: GridTags
  readonly #stage: Stage
  readonly #presence: Presence
  #grid: Grid
  #next: Frames | undefined
  #first = true
  #over = false
  #players = NaN

  constructor({ jam, readTag, until }: ConductorInit) {
    this.#ledger = new Ledger(jam, until)
    this.#docket = new Docket(this.#ledger)
    this.#grid = this.#ledger.grid
    this.#changes = new Changes(this.#ledger, this.#log, readTag)
    this.#gridTags = new GridTags((path, value, frame) => this.#changes.tags.tell(path, value, frame))
    this.#presence = new Presence(this.#ledger, this.#wakes)
    this.#stage = new Stage({
      ledger: this.#ledger,
      wakes: this.#wakes,
      log: this.#log,
      newest: (name, frame) => this.#changes.newest(name, frame),
      heldBefore: (play, window) => this.#changes.heldBefore(play, this.#docket.counted(), window),
    })
  }

  /** As the entries observed so far have it. */
  get grid(): Grid {
    return this.#ledger.grid
  }
  get members(): Members {
    return this.#ledger.members
  }

  /** Entries arrived: of this jam, `generator` entries of its players, and what it carries on (not before its start); others are passed over. */
  observe(entries: Iterable<JamEntry>): void {
    for (const entry of startsFirst(entries)) {
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

  /** Whether an archive is ready to start. */
  isReady(blob: BlobId): boolean {
    return this.#stage.isReady(blob)
  }

  /** An archive may run no more: what starts from now on waits until it is ready again. What sounds is for the renderer to end. */
  archiveForbidden(blob: BlobId): void {
    this.#stage.archiveForbidden(blob)
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

  /**
   * What of some archives starts before a frame, as things stand: of those that are ready, what is not rendered yet, by frame, then in
   * score order, as far as it is among the 256 starts of any archive that come next. What comes meanwhile may change it; what waits for a tag is not among it.
   */
  expected(to: Frames, isOf: (archive: BlobId) => boolean): readonly StartCommand[] {
    return this.#next === undefined || this.#over ? [] : this.#stage.expected({ from: this.#next, to }, isOf)
  }

  /** What happened since the last call. */
  events(): readonly ConductorEvent[] {
    return this.#log.drain()
  }

  /** Carries out what changed of what counts. */
  #settle(window: Window): void {
    const verdicts = this.#docket.judge()
    if (!verdicts) return
    const past = verdicts.dropped.length > 0 ? this.#past(window.from) : []
    for (const item of verdicts.dropped) this.#drop(item, past, window)
    for (const item of verdicts.admitted) this.#admit(item, window)
    for (const { item, why } of verdicts.refused) this.#refuse(item, why)
    if (!verdicts.shaped) return
    this.#stage.membersChanged()
    this.#presence.membersChanged()
  }

  #admit(item: JamItem, window: Window): void {
    // A play is told where it is aimed.
    if (isPlaced(item) && item.kind !== 'play') this.#tellDue(item, window)
    if (!isSound(item)) return
    if (!item.carried) this.#presence.add(item)
    const tick = item.payload.at
    const late = this.#ledger.grid.frameOfTick(tick) < window.from
    if (item.kind === 'play') this.#stage.addPlay(item, window)
    else if (item.kind === 'stop') this.#stage.addStop(item)
    else if (item.kind === 'tag') this.#wakes.push({ tick, rank: RANK.tag, position: item, item, late })
    else this.#wakes.push({ tick, rank: RANK.param, position: item, item, late })
  }

  /** From where on something holds here. Of tags and params that stand before the session is told that they were applied. */
  #tellDue(item: Exclude<PlacedItem, PlayItem>, { from, first }: Window): void {
    const { grid } = this.#ledger
    const place = grid.frameOfTick(tickOf(item, grid))
    if (place < from && first && (item.kind === 'tag' || item.kind === 'param')) return
    const frame = Math.max(place, from)
    const over = item.kind === 'stop' || item.kind === 'param' ? this.#stage.overBy(item, frame) : undefined
    this.#log.add({ kind: 'due', key: item.key, frame, ...(over && { over }) })
  }

  /** @param past what counts and has had its place */
  #drop(item: JamItem, past: readonly JamItem[], window: Window): void {
    if (!isSound(item)) return
    if (!item.carried) this.#presence.remove(item)
    if (item.kind === 'play') this.#stage.dropPlay(item, window)
    else if (item.kind === 'stop') this.#stage.dropStop(item)
    else if (item.kind === 'tag') this.#changes.dropTag(item, past, window)
    else this.#changes.dropParam(item, past, this.#stage, window)
  }

  /** What counts and stands before a frame. */
  #past(frame: Frames): readonly JamItem[] {
    const { grid } = this.#ledger
    return [...this.#docket.counted()].filter((item) => grid.frameOfTick(tickOf(item, grid)) < frame)
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
    if (title !== undefined) out.push(this.#changes.tags.tell('jam/title', title, from))
    out.push(...this.#tellPlayers(from))
  }

  #tellPlayers(frame: Frames): readonly Command[] {
    const count = this.#presence.countAt(Math.floor(this.#ledger.grid.tickOfFrame(frame)))
    if (count === this.#players) return []
    this.#players = count
    return [this.#changes.tags.tell('jam/players', count, frame)]
  }

  #wake({ wake, frame }: DueWake, window: Window): void {
    switch (wake.rank) {
      case RANK.tag:
        if (this.#docket.counts(wake.item)) this.#changes.tag(wake, frame, window)
        return
      case RANK.players:
        window.out.push(...this.#tellPlayers(frame))
        return
      case RANK.param:
        if (this.#docket.counts(wake.item)) this.#changes.param(wake, this.#stage, frame, window)
        return
      case RANK.end:
        this.#stage.end(wake.track, frame, window)
        return
      case RANK.start:
        this.#stage.start(wake.track, wake.tick, frame, window)
    }
  }
}
