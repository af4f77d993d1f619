import type { Crypto, Frames } from '../base/index.ts'
import { seedOf, type StartProcess } from '../generators/index.ts'
import { isBus, type Command, type InstancePath, type InstanceSpec, type StartCommand } from '../jam/index.ts'
import { MAX_INSTANCES, MAX_PLAYER_INSTANCES, MAX_SKETCH_INSTANCES } from './constants.ts'
import type { Desk } from './desk.ts'
import type { PlayerMix } from './mixer.ts'
import type { GroupRunner } from './runner.ts'
import type { Performer, Stage } from './stage.ts'
import type { Team } from './team.ts'
import type { GroupCommand, InstanceEvent, RefusedBy } from './types.ts'

/** What takes effect besides tags, which take their own way, through the flow. */
export type JamCommand = Exclude<Command, { kind: 'tag' }> | Extract<GroupCommand, { kind: 'kill' }>

/** The process of an instance, where it was started ahead. */
export type Prerolled = (path: InstancePath) => StartProcess | undefined

interface Init {
  readonly team: Team
  readonly stage: Stage
  readonly desk: Desk
  readonly mix: PlayerMix
  readonly sha256: Crypto['sha256']
  readonly prerolled: Prerolled
}

/** What each runner is told: who starts where, who ends, and what belongs to the desk alone. */
export class Orders {
  readonly #init: Init
  /** Who is not to start, and why. */
  readonly #refusals = new Map<InstancePath, string>()
  /** Whose threads died before the next quantum, in the session that is replayed, and how. */
  readonly #lost = new Map<InstancePath, string>()

  constructor(init: Init) {
    this.#init = init
  }

  /** Holds against an instance when its start comes: it does not start. */
  refuse(path: InstancePath, message: string): void {
    this.#refusals.set(path, message)
  }

  /** An instance that sounds, or starts in the next quantum, gives nothing from there on but the fade of its last sample. */
  lose(path: InstancePath, why: string): void {
    this.#lost.set(path, why)
  }

  /** Each runner's share of the commands of the quantum at `from`. @param detached instances that end there */
  shares(
    commands: readonly JamCommand[],
    detached: readonly InstancePath[],
    from: Frames,
    events: InstanceEvent[],
  ): Map<GroupRunner, GroupCommand[]> {
    const { stage, desk } = this.#init
    const shares = new Map<GroupRunner, GroupCommand[]>()
    const give = (performer: Performer | undefined, command: GroupCommand): void => {
      if (!performer || performer.failure !== undefined) return
      const share = shares.get(performer.runner)
      if (share) share.push(command)
      else shares.set(performer.runner, [command])
    }
    for (const path of [...detached, ...this.#lost.keys()])
      give(stage.find(path), { kind: 'detach', frame: from, path })
    for (const [path, why] of this.#lost) stage.find(path)?.lose(why)
    for (const command of commands) {
      if (command.kind === 'start') this.#enter(command, from, give, events)
      else if (command.kind === 'end') {
        desk.end(command.frame)
        for (const p of stage.performers) give(p, { kind: 'stop', frame: command.frame, path: p.strip.spec.path })
      } else if (!this.#send(command, from)) give(stage.find(command.path), command)
    }
    this.#lost.clear()
    return shares
  }

  /** A change of a send belongs to the desk alone: no block is cut for it. */
  #send(command: Exclude<JamCommand, { kind: 'start' | 'end' }>, from: Frames): boolean {
    if (command.kind !== 'param' || !isBus(command.name)) return false
    const send = this.#init.stage.find(command.path)?.strip.sends.get(command.name)
    send?.set(command.value, command.over, command.frame - from)
    return send !== undefined
  }

  #enter(
    { spec, frame, beside }: StartCommand,
    from: Frames,
    give: (performer: Performer, command: GroupCommand) => void,
    events: InstanceEvent[],
  ): void {
    const { path } = spec
    const held = this.#refusals.get(path)
    this.#refusals.delete(path)
    const { team, stage, mix } = this.#init
    const prepared = team.prepared(spec.archive)
    const refused = this.#reasonAgainst(spec)
    const performer = refused || !prepared ? undefined : stage.enter(mix.strip(spec, prepared.manifest), from, beside)
    if (!performer) {
      events.push({ kind: 'refused', frame, path, ...(refused ?? NO_THREAD) })
      return
    }
    const lost = this.#lost.get(path)
    if (lost !== undefined) performer.lose(lost)
    const { slot } = performer
    const seed = seedOf(spec, this.#init.sha256)
    const preroll = this.#init.prerolled(path)
    const more = { ...(preroll && { preroll }), ...(held !== undefined && { refused: held }) }
    give(performer, { kind: 'start', frame, spec, seed, slot, ...more })
  }

  #reasonAgainst({ archive, path, player, isSketch }: InstanceSpec): Reason | undefined {
    const { team, stage } = this.#init
    if (!team.prepared(archive)) return { by: 'machine', message: `its archive ${archive} is not here` }
    if (stage.find(path)) return { by: 'machine', message: 'an instance of this path still sounds' }
    if (isSketch)
      return stage.count('sketches') >= MAX_SKETCH_INSTANCES ? { by: 'machine', message: TOO_MANY_SKETCHES } : undefined
    if (stage.count('asked') >= MAX_INSTANCES) return { by: 'score', message: FULL }
    return stage.count('asked', player) >= MAX_PLAYER_INSTANCES ? { by: 'score', message: ITS_SHARE } : undefined
  }
}

/** Why an instance does not start. */
interface Reason {
  readonly by: RefusedBy
  readonly message: string
}

const FULL = `${MAX_INSTANCES} instances sound already, which is the most: stop one, then play it anew`
const ITS_SHARE = `${MAX_PLAYER_INSTANCES} instances of its player sound already, which is the most: stop one, then play it anew`
const TOO_MANY_SKETCHES = `${MAX_SKETCH_INSTANCES} sketches sound already, those that ring out among them`
const NO_THREAD: Reason = { by: 'machine', message: 'no thread that renders is left' }
