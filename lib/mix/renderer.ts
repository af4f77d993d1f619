import { BLOCK, MarmaladeError, type BlobId, type Crypto, type Frames } from '../base/index.ts'
import type { PreparedGenerator, VoiceFailure } from '../generators/index.ts'
import type { Conductor, InstancePath, LateNotes, PendingTags, TagFlow } from '../jam/index.ts'
import { Desk } from './desk.ts'
import { PlayerMix, type MixState } from './mixer.ts'
import { Orders, type JamCommand, type Prerolled } from './orders.ts'
import type { GroupRunner } from './runner.ts'
import { Stage } from './stage.ts'
import { Team } from './team.ts'
import type {
  GroupReport,
  InstanceEvent,
  Measured,
  Meters,
  MixSetting,
  MixTarget,
  QuantumReport,
  ShortIds,
  Stem,
} from './types.ts'

/** The collaborators of a renderer. */
export interface RendererInit {
  /** Begun at `from`, made with the flow's `readTag`. */
  readonly conductor: Conductor
  readonly flow: TagFlow
  readonly pending: PendingTags
  /** One for each thread that renders; how instances spread over them changes no sample. */
  readonly runners: readonly GroupRunner[]
  readonly sha256: Crypto['sha256']
  /** The jam frame to begin at, a multiple of 128; 0 where none is given. */
  readonly from?: Frames
  /** Everything where it is left out. */
  readonly measured?: Measured
  /** Live, where processes run. */
  readonly prerolled?: Prerolled
}

/**
 * The mix of one jam, 128 frames at a time: asks the conductor what takes effect, lets the runners render, adds up the
 * stems in score order through the player's own mix, limits the sum. The same conductor gives the same samples, however
 * many runners there are.
 */
export class Renderer {
  readonly #init: RendererInit
  readonly #mix = new PlayerMix()
  readonly #team: Team
  readonly #stage: Stage
  readonly #desk: Desk
  readonly #orders: Orders
  #frame: Frames
  /** What is to take effect at the next quantum: local acts. */
  #acts: JamCommand[] = []
  #detached: InstancePath[] = []
  /** Readings that generators see from the next quantum on. */
  #readings: { readonly path: string; readonly value: number }[] = []

  constructor(init: RendererInit) {
    this.#init = init
    this.#team = new Team(init.runners)
    this.#stage = new Stage(init.runners)
    this.#desk = new Desk(init.measured ?? 'all')
    const [team, stage, desk, mix] = [this.#team, this.#stage, this.#desk, this.#mix]
    const { sha256, prerolled = () => undefined } = init
    this.#orders = new Orders({ team, stage, desk, mix, sha256, prerolled })
    this.#frame = init.from ?? 0
  }

  /** The jam frame that is rendered next. */
  get frame(): Frames {
    return this.#frame
  }

  /** Instances that sound, in processing order, those in their tails included. */
  get playing(): readonly InstancePath[] {
    return this.#stage.performers.map((p) => p.strip.spec.path)
  }

  /** Whether nothing sounds and nothing rings. */
  get silent(): boolean {
    return this.#stage.performers.length === 0 && !this.#desk.ringing
  }

  /** Why a runner renders no more, where one has died: its instances are faded, which is right live alone. */
  get lost(): string | undefined {
    return this.#team.lost
  }

  /** Makes an archive known to every runner; before the first start of one of its instances. */
  prepare(archive: BlobId, prepared: PreparedGenerator): void {
    this.#team.prepare(archive, prepared)
  }

  /** Lets go of an archive of which no instance sounds, and none is to start. */
  forget(archive: BlobId): void {
    this.#team.forget(archive)
  }

  /** What was made known of an archive. */
  prepared(archive: BlobId): PreparedGenerator | undefined {
    return this.#team.prepared(archive)
  }

  /** Whether any archive that was made known is a process. */
  get hasProcesses(): boolean {
    return this.#team.hasProcesses
  }

  /** What short ids in tag paths stand for, from the next quantum on. */
  know(shortIds: ShortIds): void {
    this.#team.know(shortIds)
  }

  /** The player's own mix, from the next quantum on. Undefined where too many settings are remembered. */
  setMix(target: MixTarget, setting: MixSetting): MixState | undefined {
    const state = this.#mix.set(target, setting)
    for (const { strip } of this.#stage.performers) this.#mix.aim(strip)
    this.#desk.aim(this.#mix)
    return state
  }

  mixSettings(): ReturnType<PlayerMix['settings']> {
    return this.#mix.settings()
  }

  /** What is read of the machine or the network, under `local/…` or `net/…`, from the next quantum on. A score has none. */
  read(path: string, value: number): void {
    this.#readings.push({ path, value })
  }

  /** Ends an instance at the next quantum, its last sample faded: a local act. */
  detach(path: InstancePath): void {
    this.#detached.push(path)
  }

  /** Does again what a guard did: the block at a frame of the next quantum is the instance's last. */
  kill(path: InstancePath, frame: Frames, failure: VoiceFailure): void {
    this.#acts.push({ kind: 'kill', frame, path, failure })
  }

  /** Does again what the death of a thread did: from the next quantum on nothing comes of the instance but the fade of its last sample. */
  lose(path: InstancePath, why: string): void {
    this.#orders.lose(path, why)
  }

  /** Does again what a guard did: an instance whose start is due in the next quantum does not start. */
  refuse(path: InstancePath, message: string): void {
    this.#orders.refuse(path, message)
  }

  /** Ends every instance of an archive that may run no more: the first block of the next quantum is its last. A local act. */
  forbid(archive: BlobId): void {
    const failure = { code: 'GENERATOR_NOT_ALLOWED', message: 'it is not allowed to run here any more' } as const
    for (const { strip } of this.#stage.performers)
      if (strip.spec.archive === archive) this.kill(strip.spec.path, this.#frame, failure)
  }

  /** Stops every instance at a frame of the next quantum, as the end of the jam does. */
  stopAll(frame: Frames = this.#frame): void {
    this.#acts.push({ kind: 'end', frame })
  }

  /**
   * Goes on at a later frame, a multiple of 128: what lies between is not rendered, what should have taken effect in it
   * takes effect late. For live play alone, where an origin turned out wrong.
   * @throws MarmaladeError INTERNAL for a frame that is past or no multiple
   */
  skipTo(frame: Frames): void {
    if (frame < this.#frame || frame % BLOCK !== 0) {
      throw new MarmaladeError(
        'INTERNAL',
        `cannot go on at ${frame} from ${this.#frame}: only forward, by multiples of 128`,
      )
    }
    this.#frame = frame
  }

  /** Renders the next 128 frames into planar float32 of that length. */
  renderQuantum(left: Float32Array, right: Float32Array): QuantumReport {
    const from = this.#frame
    this.#frame += BLOCK
    const plan = this.#init.flow.step(this.#init, from)
    const events: InstanceEvent[] = plan.late
      .filter(({ path }) => !this.#hasBegun(path, from))
      .map((late) => lateLine(late, from))
    const commands = [...plan.commands, ...this.#acts.splice(0)].map((c) => within(c, from))
    commands.sort((a, b) => a.frame - b.frame)
    const { changes } = plan
    const read = this.#readings.splice(0).map((reading) => ({ ...reading, frame: from }))
    const seen = read.length > 0 ? [...read, ...changes] : changes
    const shares = this.#orders.shares(commands, this.#detached.splice(0), from, events)
    const report = this.#team.run(from, this.#init.conductor.grid, seen, shares)
    this.#take(report, events, from)
    this.#sum(from, left, right)
    this.#clear(events, from)
    this.#init.conductor.passed?.(events)
    return { from, events, changes }
  }

  /** Whether an instance began in the quantum before the one at `from`: what it played there for that one it could not have played earlier. */
  #hasBegun(path: InstancePath, from: Frames): boolean {
    return this.#stage.find(path)?.since === from - BLOCK
  }

  /** What instances set and what became of them, in processing order. */
  #take({ sets, events }: GroupReport, all: InstanceEvent[], from: Frames): void {
    if (sets.length + events.length === 0) return
    const { performers } = this.#stage
    const rank = new Map(performers.map((p, i) => [p.strip.spec.path, i]))
    const ranked = (path: InstancePath): number => rank.get(path) ?? -1
    // Of whom a dead thread had, it told nothing.
    const silent = new Set(performers.flatMap((p) => (p.failure === undefined ? [] : [p.strip.spec.path])))
    for (const { by, name, value, atBeat, note } of [...sets].sort((a, b) => ranked(a.by) - ranked(b.by))) {
      if (!silent.has(by)) this.#init.pending.set(by, name, value, atBeat, from, note)
    }
    all.push(...events.filter(({ path }) => !silent.has(path)).sort((a, b) => ranked(a.path) - ranked(b.path)))
  }

  /**
   * The stems of the quantum rendered last, in processing order, then the returns of buses that rang: their sum, in this
   * order, is the mix before the limiter where the player's own mix is plain. The views hold until the next quantum.
   */
  stems(): readonly Stem[] {
    return this.#desk.stems
  }

  /** Levels since the last call. */
  meters(): Meters {
    return this.#desk.meters(this.#stage.performers)
  }

  async close(): Promise<void> {
    await this.#team.close()
  }

  #sum(from: Frames, left: Float32Array, right: Float32Array): void {
    this.#desk.begin()
    for (const performer of this.#stage.performers) {
      performer.settle()
      const stem = performer.stem()
      if (stem) this.#desk.add(performer, stem)
    }
    const { grid } = this.#init.conductor
    this.#desk.finish(from, () => grid.positionAt(from).beatsPerFrame, left, right)
  }

  /** Lets those go that have ended, and those whose thread died once their fade is over. */
  #clear(events: InstanceEvent[], from: Frames): void {
    for (const event of events.slice()) {
      const performer = event.kind === 'ended' ? this.#stage.find(event.path) : undefined
      if (performer) this.#stage.leave(performer)
    }
    for (const performer of this.#stage.performers.slice()) {
      const { failure } = performer
      if (failure === undefined) continue
      const { path } = performer.strip.spec
      if (performer.fresh)
        events.push({ kind: 'failed', frame: from, path, failure: { code: 'GENERATOR_LOST', message: failure } })
      if (!performer.gone) continue
      events.push({ kind: 'ended', frame: from + BLOCK, path })
      this.#stage.leave(performer)
    }
    const { conductor, pending } = this.#init
    for (const { kind, path } of events)
      if (kind === 'ended') pending.forget(path, conductor.grid.positionAt(from).beat)
  }
}

/** Tells an author whose notes came too late. */
const lateLine = ({ path, count }: LateNotes, frame: Frames): InstanceEvent => ({
  kind: 'log',
  frame,
  path,
  text: `${count} of its notes came too late and were dropped: a note is played a block of 128 frames ahead at least`,
})

/** Commands come for their quantum; a late one takes effect at its start. */
const within = (command: JamCommand, from: Frames): JamCommand =>
  command.frame >= from && command.frame < from + BLOCK ? command : { ...command, frame: from }
