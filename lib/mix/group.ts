import { BLOCK, SAMPLE_RATE, type BlobId, type Frames } from '../base/index.ts'
import { wasmRuntime, type PreparedGenerator, type VoiceRuntime } from '../generators/index.ts'
import { compareScore, MAX_CUTS, TagBoard, type InstancePath } from '../jam/index.ts'
import { InstanceTags } from './access.ts'
import { failureOf, Instance } from './instance.ts'
import type { Slots } from './slots.ts'
import type {
  GroupCommand,
  GroupReport,
  Guard,
  InstanceEvent,
  PlacedPosition,
  Quantum,
  ShortIds,
  TagSet,
} from './types.ts'
import { Watch } from './watch.ts'

type Start = Extract<GroupCommand, { kind: 'start' }>
/** What there is to report of instances that are not, or not any more, among the members. */
interface Lost {
  readonly sets: TagSet[]
  readonly events: InstanceEvent[]
}

/** An instance in its group. */
interface Member {
  readonly instance: Instance
  readonly tags: InstanceTags
  readonly slot: number
  readonly events: InstanceEvent[]
  /** Commands that wait for their frame, or for the next multiple of 128. */
  waiting: Exclude<GroupCommand, Start>[]
  /** Where it begins in the quantum at hand: its first frame, else that of the quantum. */
  begins: Frames
  /** Where its last block began. */
  last: Frames
  /** Whether its failure has been reported. */
  told: boolean
}

export interface GroupInit {
  /** What may be started; more may come while it runs. */
  readonly archives: ReadonlyMap<BlobId, PreparedGenerator>
  readonly slots: Slots
  readonly runtime?: VoiceRuntime
  /** None offline: a replay has all the time it needs. */
  readonly guard?: Guard | undefined
}

/**
 * Instances that are rendered on one thread, a quantum of 128 frames at a time, in score order, with a replica of the
 * jam's tags. What becomes visible in a quantum is known before it is rendered, so what an instance hears of others
 * does not depend on who shares its thread.
 */
export class VoiceGroup {
  readonly #init: GroupInit
  readonly #members: Member[] = []
  readonly #board: TagBoard
  readonly #watch: Watch | undefined
  #shortIds: ShortIds = new Map()

  constructor(init: GroupInit) {
    this.#init = init
    this.#watch = init.guard && new Watch(init.guard)
    this.#board = new TagBoard((short) => this.#shortIds.get(short))
  }

  /** What short ids in paths stand for, for what is opened or set for the first time from now on. */
  know(shortIds: ShortIds): void {
    this.#shortIds = shortIds
  }

  render(quantum: Quantum): GroupReport {
    this.#forget()
    this.#board.stage(quantum.changes)
    this.#watch?.begin()
    for (const member of this.#members) member.begins = quantum.from
    const lost: Lost = { sets: [], events: [] }
    for (const command of quantum.commands) {
      if (command.kind === 'start') this.#admit(command, quantum, lost)
      else this.#members.find((m) => m.instance.spec.path === command.path)?.waiting.push(command)
    }
    for (const member of this.#members) {
      this.#play(member, quantum)
      this.#watch?.lap(member.instance.spec.path)
    }
    this.#guard()
    this.#board.finish()
    this.#init.runtime?.rest?.()
    return this.#report(quantum, lost)
  }

  close(): void {
    for (const { instance } of this.#members) instance.close()
    this.#members.length = 0
  }

  /** Leaves out what ended in the quantum before; its slot is free from now on. */
  #forget(): void {
    for (let i = this.#members.length - 1; i >= 0; i--) {
      const member = this.#members[i]
      if (!member?.instance.over) continue
      member.instance.close()
      this.#board.close(member.instance.spec.path)
      this.#watch?.forget(member.instance.spec.path)
      this.#init.slots.mark(member.slot, 0)
      this.#members.splice(i, 1)
    }
  }

  /** Starts an instance, unless its player's have taken too long to start, here or in the session that is replayed. */
  #admit(start: Start, quantum: Quantum, lost: Lost): void {
    const { spec, frame, refused = this.#watch?.against(spec.player) } = start
    if (refused === undefined) {
      const isMember = this.#start(start, quantum, lost)
      this.#watch?.started(spec.path, spec.player)
      if (!isMember) this.#watch?.forget(spec.path)
      return
    }
    lost.events.push({ kind: 'refused', frame, path: spec.path, by: 'machine', message: refused })
    lost.events.push({ kind: 'ended', frame, path: spec.path })
  }

  /** Makes the voice, so that what it opens is known before its blocks are cut, and puts it in its place. */
  #start({ spec, frame, slot, seed, preroll }: Start, quantum: Quantum, lost: Lost): boolean {
    const { archives, slots, runtime = wasmRuntime } = this.#init
    const tags = new InstanceTags(spec.path, frame, quantum.from, this.#board.view(spec.path))
    try {
      const prepared = archives.get(spec.archive)
      if (!prepared) throw new Error(`its archive ${spec.archive} is not here`)
      const voice = runtime.start(prepared, {
        seed,
        tags,
        sampleRate: SAMPLE_RATE,
        identity: { ...spec, start: frame },
        preroll,
      })
      if (voice.failure) throw Object.assign(new Error(), voice.failure)
      const instance = new Instance({ spec, start: frame, voice, params: prepared.manifest.params })
      slots.clear(slot)
      slots.mark(slot, 1)
      const events: InstanceEvent[] = [{ kind: 'started', frame, path: spec.path }]
      const at = this.#members.findIndex((m) => compareScore(m.instance.spec.order, spec.order) > 0)
      const member = { instance, tags, slot, events, waiting: [], begins: frame, last: frame, told: false }
      this.#members.splice(at < 0 ? this.#members.length : at, 0, member)
      return true
    } catch (thrown) {
      this.#board.close(spec.path)
      const { sets, events } = tags.take()
      lost.sets.push(...sets)
      lost.events.push(...events)
      lost.events.push({ kind: 'failed', frame, path: spec.path, failure: failureOf(thrown) })
      lost.events.push({ kind: 'ended', frame, path: spec.path })
      return false
    }
  }

  #play(member: Member, quantum: Quantum): void {
    let frame = member.begins
    for (const next of cutsOf(member, quantum)) {
      this.#block(member, quantum, frame, next)
      frame = next
    }
    this.#block(member, quantum, frame, quantum.from + BLOCK)
    // Here, so that what it sees of others is counted as its own time.
    member.tags.settle()
  }

  #block(member: Member, quantum: Quantum, frame: Frames, to: Frames): void {
    const { instance, tags, slot, waiting } = member
    member.last = frame
    tags.at(frame, quantum.from)
    for (let next = waiting[0]; next && next.frame <= frame; next = waiting[0]) {
      if (next.kind === 'stop' && next.heir !== undefined) this.#handOver(instance, next.heir, frame)
      else obey(instance, next, frame)
      waiting.shift()
    }
    const position = positionOf(quantum, frame)
    instance.render(position, to - frame, this.#init.slots.at(slot), frame - quantum.from)
    if (!instance.failure || member.told) return
    member.told = true
    member.events.push({ kind: 'failed', frame, path: instance.spec.path, failure: instance.failure })
  }

  /** Ends an instance where its heir begins, which may go on from its state. Where that could not start, it plays on itself. */
  #handOver(instance: Instance, path: InstancePath, frame: Frames): void {
    const heir = this.#members.find((m) => m.instance.spec.path === path)
    const taken = heir && instance.handTo(heir.instance, frame)
    if (taken !== undefined) heir?.events.push({ kind: 'carried', frame, path, taken })
  }

  /** Detaches whoever the watch names: what it has rendered is kept, its last sample is faded. */
  #guard(): void {
    const watch = this.#watch
    const offender = watch?.end()
    if (watch)
      for (const { slot, instance } of this.#members) this.#init.slots.setLoad(slot, watch.loadOf(instance.spec.path))
    const member = offender && this.#members.find((m) => m.instance.spec.path === offender.path)
    if (!member || member.told) return
    member.instance.detach(offender.failure)
    if (!member.instance.failure) return
    member.told = true
    member.events.push({ kind: 'failed', frame: member.last, path: offender.path, failure: offender.failure })
  }

  #report(quantum: Quantum, { sets, events }: Lost): GroupReport {
    for (const { instance, tags, events: own } of this.#members) {
      const taken = tags.take()
      if (taken.sets.length > 0) sets.push(...taken.sets)
      if (own.length + taken.events.length > 0) events.push(...own.splice(0), ...taken.events)
      if (instance.over) events.push({ kind: 'ended', frame: quantum.from + BLOCK, path: instance.spec.path })
    }
    return { sets, events }
  }
}

/**
 * Where a member's block is cut in the quantum, after the frame it begins at: its own commands and tempo points, the
 * first sixteen of them; then, as far as sixteen go, where what it has opened becomes visible.
 */
function cutsOf({ tags, waiting, begins }: Member, quantum: Quantum): readonly Frames[] {
  if (waiting.length === 0 && quantum.cuts.length === 0) return tags.cuts(begins, MAX_CUTS)
  // A kill names where a block began in the session that is replayed: it makes none.
  const commands = waiting.filter(({ kind }) => kind !== 'kill')
  const own = [...new Set([...quantum.cuts, ...commands.map((c) => c.frame)])].filter((frame) => frame > begins)
  const kept = own.sort((a, b) => a - b).slice(0, MAX_CUTS)
  const shown = tags.cuts(begins, MAX_CUTS - kept.length)
  return [...new Set([...kept, ...shown])].sort((a, b) => a - b)
}

function obey(instance: Instance, command: Exclude<GroupCommand, Start>, frame: Frames): void {
  if (command.kind === 'param') instance.param(command.name, command.value, command.over)
  else if (command.kind === 'stop') instance.stop(frame)
  else if (command.kind === 'kill') instance.kill(command.failure)
  else instance.detach()
}

/** The position of a frame at which a block begins. */
function positionOf(quantum: Quantum, frame: Frames): PlacedPosition {
  const [first] = quantum.positions
  if (first?.frame === frame) return first
  const position = quantum.positions.find((p) => p.frame === frame)
  if (!position) throw new RangeError(`no position was given for frame ${frame}`)
  return position
}
