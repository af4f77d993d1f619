import type { BlobId, PlayerId } from '../base/index.ts'
import { closeLink, endOwn, look, putBounded, send } from './state.ts'
import type { Link, Turn, Want } from './state.ts'
import { dropParts, isLiar } from './parts.ts'
import { dropTransfer, leaveSource, startTransfers } from './transfer.ts'
import type { BlobFrame, LinkId } from './types.ts'
import { MAX_LINES } from './wire.ts'

type Of<T extends BlobFrame['type']> = Extract<BlobFrame, { type: T }>

/** How often an own want may be passed on: so it reaches whoever is two links away. */
const HOPS = 1

/** This node's own player wants a blob. */
export function want(turn: Turn, blob: BlobId, maxBytes: number): void {
  const { state } = turn
  const known = state.wants.get(blob)
  let own = 0
  for (const each of state.wants.values()) if (each.own) own++
  if (!known?.own && own >= state.settings.limits.maxWants) {
    turn.effects.push({ type: 'ended', blob, why: 'full' })
    return
  }
  const made = known ?? makeWant(turn, blob, maxBytes)
  made.own = true
  raise(made, maxBytes)
  made.progressAt = state.now
  ask(turn, made)
  startTransfers(turn)
}

/** A peer wants a blob that is not here: passed on once more, within bounds. */
export function relay(turn: Turn, link: Link, blob: BlobId, maxBytes: number): void {
  const { state } = turn
  const { maxRelayed, maxRelayedOfLink, maxRelayedBytes, lease } = state.settings.limits
  let all = 0
  let ofLink = 0
  for (const each of state.wants.values()) {
    if (each.relayFor.size > 0) all++
    if (each.relayFor.has(link.id)) ofLink++
  }
  const known = state.wants.get(blob)
  const repeated = known?.relayFor.has(link.id) === true
  if (!repeated && (all >= maxRelayed || ofLink >= maxRelayedOfLink)) return
  const bound = Math.min(maxBytes, maxRelayedBytes)
  const made = known ?? makeWant(turn, blob, bound)
  made.relayFor.set(link.id, state.now + lease)
  if (raise(made, bound) || !known) ask(turn, made)
}

/** Takes more, where one asker takes more than those before it: what was too large for them is looked at anew. */
function raise(made: Want, maxBytes: number): boolean {
  if (maxBytes <= made.maxBytes) return false
  made.maxBytes = maxBytes
  made.tooLargeAt = undefined
  return true
}

function makeWant(turn: Turn, blob: BlobId, maxBytes: number): Want {
  const made: Want = {
    blob,
    maxBytes,
    own: false,
    relayFor: new Map(),
    sources: new Map(),
    parts: new Map(),
    alone: new Set(),
    transfer: undefined,
    askedAt: turn.state.now,
    progressAt: turn.state.now,
    tooLargeAt: undefined,
  }
  turn.state.wants.set(blob, made)
  return made
}

/** Asks every peer but those on whose behalf alone it is wanted. */
export function ask(turn: Turn, made: Want): void {
  made.askedAt = turn.state.now
  for (const link of [...turn.state.links.values()]) if (asks(made, link)) askLinks(turn, link, [made])
}

/** A new link is asked for everything that is wanted. */
export function askAll(turn: Turn, link: Link): void {
  const wanted = [...turn.state.wants.values()].filter((made) => asks(made, link))
  for (let at = 0; at < wanted.length; at += MAX_LINES) askLinks(turn, link, wanted.slice(at, at + MAX_LINES))
}

const asks = (made: Want, link: Link): boolean => link.greeted && (made.own || !made.relayFor.has(link.id))

function askLinks(turn: Turn, link: Link, wanted: readonly Want[]): void {
  const wants = wanted.map(({ blob, maxBytes, own }) => ({ blob, maxBytes, hops: own ? HOPS : 0 }))
  if (wants.length > 0) send(turn, link, { type: 'want', wants })
}

/** A peer says what it has. What nobody here wants is passed over. */
export function onHave(turn: Turn, link: Link, frame: Of<'have'>): void {
  for (const { blob, size } of frame.blobs) {
    const made = turn.state.wants.get(blob)
    if (!made || isLiar(turn.state, blob, link.peer)) continue
    if (size <= made.maxBytes) made.sources.set(link.id, size)
    else made.tooLargeAt ??= turn.state.now
  }
  startTransfers(turn)
}

/** A blob is here: whoever wanted it from us is told, whoever was asked for it is not asked any more. */
export function onStored(turn: Turn, blob: BlobId): void {
  const { state } = turn
  const made = state.wants.get(blob)
  if (made) {
    for (const id of made.relayFor.keys()) rememberRelayed(turn, id, blob)
    endOwn(turn, made, 'stored')
    forget(turn, made, 'all')
  }
  for (const link of [...state.links.values()]) if (link.wants.has(blob)) look(turn, link, blob)
}

function rememberRelayed(turn: Turn, id: LinkId, blob: BlobId): void {
  const link = turn.state.links.get(id)
  if (link) putBounded(link.relayed, blob, true, turn.state.settings.limits.maxOffers)
}

/** What a peer may have is another now: what it wants and was not told of is looked for again, as far as looks go. */
export function onReconsidered(turn: Turn, peer: PlayerId): void {
  const { maxPeerWants } = turn.state.settings.limits
  for (const link of turn.state.links.values()) {
    if (link.peer !== peer) continue
    for (const blob of link.wants.keys()) {
      if (link.looking >= maxPeerWants) break
      if (!link.offers.has(blob)) look(turn, link, blob)
    }
  }
}

/** This node's own player does not want it any more. */
export function unwant(turn: Turn, blob: BlobId): void {
  const made = turn.state.wants.get(blob)
  if (!made) return
  made.own = false
  if (made.relayFor.size === 0) forget(turn, made)
}

/** A peer does not want it any more. */
export function unrelay(turn: Turn, link: LinkId, blob: BlobId): void {
  const made = turn.state.wants.get(blob)
  if (!made?.relayFor.delete(link) || made.own || made.relayFor.size > 0) return
  forget(turn, made)
}

/** Nobody wants it any more: what came of it is put aside, or all of it goes. */
function forget(turn: Turn, made: Want, what: 'nothing' | 'all' = 'nothing'): void {
  dropTransfer(turn, made)
  if (what === 'all') dropParts(turn, made)
  turn.state.wants.delete(made.blob)
  for (const link of [...turn.state.links.values()])
    if (link.greeted) send(turn, link, { type: 'unwant', blobs: [made.blob] })
  startTransfers(turn)
}

/** Leases end, wants are repeated, own ones given up. */
export function checkWants(turn: Turn): void {
  const { state } = turn
  const { lease, giveUpAfter, tooLargeAfter } = state.settings.limits
  for (const made of [...state.wants.values()]) {
    for (const [link, until] of [...made.relayFor]) if (until <= state.now) unrelay(turn, link, made.blob)
    if (state.wants.get(made.blob) !== made) continue
    const idle = made.transfer === undefined && made.sources.size === 0
    const tooLarge = idle && made.tooLargeAt !== undefined && state.now - made.tooLargeAt >= tooLargeAfter
    if (made.own && (tooLarge || state.now - made.progressAt >= giveUpAfter)) {
      endOwn(turn, made, tooLarge ? 'too-large' : 'unavailable')
      unwant(turn, made.blob)
      continue
    }
    if (state.now - made.askedAt >= lease / 2) ask(turn, made)
  }
}

/** The disk failed: nothing more is tried for this blob. */
export function onBroken(turn: Turn, blob: BlobId): void {
  const made = turn.state.wants.get(blob)
  if (!made) return
  endOwn(turn, made, 'broken')
  forget(turn, made, 'all')
}

/** A link is gone: what was wanted on its behalf no more, what came from it from elsewhere. */
export function leaveWants(turn: Turn, link: Link): void {
  const left: Want[] = []
  for (const made of [...turn.state.wants.values()]) {
    made.sources.delete(link.id)
    if (leaveSource(turn, made, link)) left.push(made)
    unrelay(turn, link.id, made.blob)
  }
  startTransfers(turn)
  for (const made of left) if (made.sources.size === 0 && turn.state.wants.get(made.blob) === made) ask(turn, made)
}

/** A peer's wants: answered from the store, and passed on where they may be and it is not here. */
export function onWant(turn: Turn, link: Link, frame: Of<'want'>): void {
  const { limits } = turn.state.settings
  for (const { blob, maxBytes, hops } of frame.wants) {
    if (hops > HOPS) {
      closeLink(turn, link, 'malformed')
      return
    }
    const wanted = { maxBytes, hops, until: turn.state.now + limits.lease }
    putBounded(link.wants, blob, wanted, limits.maxPeerWants)
    look(turn, link, blob)
  }
}
