import { entryKeyOf } from '../../lib/base/index.ts'
import type { Millis, PlayerId } from '../../lib/base/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { GOSSIP_LIMITS, createGossip, decodeFrame, encodeFrame, step } from '../../lib/gossip/index.ts'
import type { Frame, GossipEffect, GossipEvent, GossipLimits, GossipSettings, LinkId } from '../../lib/gossip/index.ts'
import { GOSSIP_HELLO } from '../helpers/gossips.ts'
import { playerOf } from './simulator.ts'

export type Timeless<E> = E extends GossipEvent ? Omit<E, 'now'> : never
export type Known = Exclude<Frame, { type: 'optional' }>

export const [author, near, far] = [playerOf(1), playerOf(2), playerOf(3)]
/** A made-up head after so many entries. */
export const headOf = (count: number) => ({
  comparable: count * 10,
  key: entryKeyOf(new Uint8Array(32).fill(count)),
  count,
})
/** Bytes that stand for an entry. */
export const ENTRY = new Uint8Array(100)
/** The entry that makes-up heads end in. */
export const entryOf = (identity: PlayerId, count: number): Entry => ({
  identity,
  parent: count === 1 ? null : headOf(count - 1).key,
  synod: null,
  payload: 'x.box',
  bytes: ENTRY,
  ...headOf(count),
})

/** One core, and what it did last. */
export class Bench {
  readonly state
  now: Millis = 0
  effects: GossipEffect[] = []

  constructor(limits: Partial<GossipLimits> = {}, settings: Partial<GossipSettings> = {}) {
    const given = { epoch: '11'.repeat(8), mayServe: () => true, ...settings }
    this.state = createGossip({ ...given, limits: { ...GOSSIP_LIMITS, ...limits } })
  }
  do(event: Timeless<GossipEvent>): this {
    this.effects = step(this.state, { ...event, now: this.now })
    return this
  }
  connect(link: LinkId, peer: PlayerId): this {
    return this.do({ type: 'connected', link, peer }).hear(link, GOSSIP_HELLO)
  }
  hear(link: LinkId, frame: Known): this {
    return this.do({ type: 'received', link, bytes: encodeFrame(frame) })
  }
  announce(link: LinkId, serial: number, count: number): this {
    return this.hear(link, {
      type: 'ihave',
      serial,
      sequence: serial,
      offer: '77'.repeat(8),
      full: serial === 1,
      heads: [{ identity: author, ...headOf(count) }],
    })
  }
  /** Everything sent so far has left, and so much time passes. */
  wait(time: Millis): this {
    for (const { id, unsent } of [...this.state.links.values()]) this.do({ type: 'sent', link: id, bytes: unsent })
    this.now += time
    return this.do({ type: 'tick' })
  }
  ingested(link: LinkId, stream: number, outcome: Extract<GossipEvent, { type: 'ingested' }>['outcome']): this {
    return this.do({ type: 'ingested', link, stream, identity: author, bytes: 155, outcome })
  }
  /** Frames sent by the last step, with the links they went to. */
  get sent(): [LinkId, Frame][] {
    return this.effects.flatMap((effect): [LinkId, Frame][] =>
      effect.type === 'send' ? [[effect.link, decodeFrame(effect.bytes)!]] : [],
    )
  }
  /** Whom the last step asked for a feed. */
  get asked(): LinkId[] {
    return this.sent.flatMap(([link, frame]) => (frame.type === 'iwant' ? [link] : []))
  }
  get closed(): string[] {
    return this.effects.flatMap((effect) => (effect.type === 'close' ? [effect.code] : []))
  }
}

/** One that draws the author's feed. */
export const tracking = (limits?: Partial<GossipLimits>): Bench =>
  new Bench(limits).do({ type: 'tracked', identity: author, on: true })

export const fork: Known = { type: 'fork', stream: 0 }
export const iwant = (stream: number): Known => ({ type: 'iwant', stream, identity: author, after: undefined })
/** One that a peer asks for the author's feed. */
export const openStream = (): Bench =>
  new Bench()
    .connect(1, near)
    .do({ type: 'changed', head: { identity: author, ...headOf(1) } })
    .hear(1, iwant(3))
