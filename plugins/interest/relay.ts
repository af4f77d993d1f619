import type { BlobId, Clock, JamId, PlayerId } from '../../lib/base/index.ts'
import type { Log } from '../../lib/host/index.ts'
import type { Change } from '../../lib/store/index.ts'
import type { Detail, FeedsApi } from '../feeds/index.ts'
import { Archives } from './archives.ts'
import { drawsFor, Leases, type Draw, type Draws, type Granted, type Part, type Told } from './core.ts'
import { Roster } from './roster.ts'

const WHOLE = 'passed on'
const PART = 'passed on for a stranger'

interface Init {
  readonly feeds: FeedsApi
  readonly clock: Clock
  readonly log: Log
  /** The jams that this node is in: the feeds of these are drawn without anybody's asking. */
  readonly own: () => readonly JamId[]
  /** What counts is another now. */
  readonly changed: () => void
  /** What a peer may have is another now. */
  readonly servingChanged: (peer: PlayerId) => void
}

interface Served {
  readonly rosters: readonly Roster[]
  /** Equal where the peer may have the same feeds. */
  readonly text: string
}

/** Draws and serves the feeds of jams that connected peers are interested in. */
export class Relay {
  readonly #init: Init
  readonly #leases = new Leases()
  readonly #rosters = new Map<JamId, Roster>()
  readonly #archives = new WeakMap<Roster, Archives>()
  #granted: Granted = new Map()
  #draws: Draws = { whole: new Map(), part: new Map() }
  /** Of which jams each peer is served, those aside of which it has only told. */
  #served = new Map<PlayerId, Served>()
  #timer: NodeJS.Timeout | undefined
  /** One thing after the other: rosters are read from the store. */
  #last: Promise<void> = Promise.resolve()
  #looking = false
  readonly #undo: (() => void)[]

  constructor(init: Init) {
    this.#init = init
    const { feeds } = init
    this.#undo = [
      feeds.addInterest(
        WHOLE,
        () => this.#draws.whole.keys(),
        'relay',
        (player) => this.#explain(this.#draws.whole.get(player)),
      ),
      feeds.addInterest(
        PART,
        () => this.#draws.part.keys(),
        'relay for a stranger',
        (player) => this.#explain(this.#draws.part.get(player)),
      ),
      feeds.addServing((peer, _role, feed) => this.#mayServe(peer, feed)),
      feeds.tracked.onChange(() => this.look()),
      feeds.store.onChange((change) => this.#observe(change)),
    ]
  }

  /** Which interests count. */
  get granted(): Granted {
    return this.#granted
  }

  /** A peer tells what it is interested in; gives how many of these count. */
  async tell(peer: PlayerId, told: readonly Told[]): Promise<number> {
    this.#leases.tell(peer, told, this.#init.clock.monotonic())
    this.look()
    await this.#last
    return [...this.#granted.values()].filter((interests) => interests.some((one) => one.peer === peer)).length
  }

  /** A peer is connected no more. */
  forget(peer: PlayerId): void {
    if (this.#leases.forget(peer)) this.look()
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    for (const undo of this.#undo.splice(0).reverse()) undo()
    await this.#last
  }

  /** Whether an archive is named by a member of a jam that this peer is served, whose feed it may have. */
  async mayPass(peer: PlayerId, archive: BlobId): Promise<boolean> {
    for (const roster of this.#served.get(peer)?.rosters ?? []) {
      const by = await this.#archivesOf(roster).namedBy(archive)
      if (by !== undefined && this.#init.feeds.mayServe(peer, 'stranger', by)) return true
    }
    return false
  }

  #archivesOf(roster: Roster): Archives {
    const known = this.#archives.get(roster) ?? new Archives(roster, this.#init.feeds.store)
    this.#archives.set(roster, known)
    return known
  }

  #mayServe(peer: PlayerId, feed: PlayerId): boolean {
    return this.#served.get(peer)?.rosters.some((roster) => roster.has(feed)) ?? false
  }

  #explain(draw: Draw | undefined): Detail[] {
    if (!draw) return []
    const { jam, by, until } = draw
    const { clock } = this.#init
    return [{ kind: 'relay', jam, by, until: clock.micros() + (until - clock.monotonic()) * 1_000 }]
  }

  #partOf(peer: PlayerId, jam: JamId): Part {
    if (this.#init.feeds.tracked.vouchesFor(peer)) return 'friend'
    return this.#rosters.get(jam)?.has(peer) === true ? 'member' : 'stranger'
  }

  #observe(change: Change): void {
    if (this.#rosters.size === 0) return
    this.#add(async () => {
      let changed = false
      for (const roster of this.#rosters.values()) {
        const archives = this.#archives.get(roster)
        await archives?.observe(change)
        if (!(await roster.observe(change))) continue
        archives?.forget()
        changed = true
      }
      if (changed) await this.#settle()
    })
  }

  /** Looks at everything again, once, however often it is asked to before it comes to that. */
  look(): void {
    if (this.#looking) return
    this.#looking = true
    this.#add(async () => {
      this.#looking = false
      await this.#settle()
    })
  }

  #add(work: () => Promise<void>): void {
    this.#last = this.#last
      .then(work)
      .catch((error: unknown) => this.#init.log.error({ err: error }, 'interest in jams could not be looked at'))
  }

  /** Until nothing new follows: a roster that is read shows members, whose word then counts. */
  async #settle(): Promise<void> {
    this.#leases.expire(this.#init.clock.monotonic())
    for (;;) {
      this.#granted = this.#leases.granted((peer, jam) => this.#partOf(peer, jam))
      const fresh = [...this.#granted.keys()].filter((jam) => !this.#rosters.has(jam))
      if (fresh.length === 0) break
      for (const jam of fresh) {
        const roster = new Roster(jam, this.#init.feeds.store)
        this.#rosters.set(jam, roster)
        await roster.load()
      }
    }
    for (const jam of this.#rosters.keys()) if (!this.#granted.has(jam)) this.#rosters.delete(jam)
    this.#apply()
    this.#arm()
  }

  #apply(): void {
    const { feeds, own, changed, servingChanged } = this.#init
    const mine = new Set(own())
    const others = new Map([...this.#granted].filter(([jam]) => !mine.has(jam)))
    this.#draws = drawsFor(others, (jam) => this.#rosters.get(jam) ?? new Roster(jam, feeds.store))
    feeds.interestChanged(WHOLE)
    feeds.interestChanged(PART)
    const before = this.#served
    this.#served = this.#servings()
    for (const peer of new Set([...before.keys(), ...this.#served.keys()]))
      if (before.get(peer)?.text !== this.#served.get(peer)?.text) servingChanged(peer)
    changed()
  }

  #servings(): Map<PlayerId, Served> {
    const servings = new Map<PlayerId, Served>()
    for (const [jam, interests] of this.#granted) {
      const roster = this.#rosters.get(jam)
      if (!roster) continue
      const text = `${jam} ${[...roster.everyone].join()};`
      for (const { peer, part } of interests) {
        if (part === 'stranger') continue
        const before = servings.get(peer) ?? { rosters: [], text: '' }
        servings.set(peer, { rosters: [...before.rosters, roster], text: before.text + text })
      }
    }
    return servings
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const end = this.#leases.nextEnd()
    if (end === undefined) return
    this.#timer = setTimeout(() => this.look(), Math.max(1, end - this.#init.clock.monotonic()))
    this.#timer.unref()
  }
}
