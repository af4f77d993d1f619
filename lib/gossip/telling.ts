import { entryKeyOf } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import type { Head } from '../store/types.ts'
import { closeLink, send } from './state.ts'
import type { GossipState, Link, Turn } from './state.ts'
import { MAX_HEADS } from './wire.ts'

const NO_KEY = entryKeyOf(new Uint8Array(32))

/** A new link is told everything that its peer may be served. */
export function tellAll(turn: Turn, link: Link): void {
  for (const head of turn.state.heads.values()) markDirty(turn.state, link, head)
  flushHeads(turn, link)
}

/** Notes that a peer has yet to hear of a head, unless it has, may not, or gets it in runs. */
export function markDirty(state: GossipState, link: Link, head: Head): void {
  if (link.serveOf.has(head.identity)) return
  if (link.told.get(head.identity)?.key === head.key) return
  if (link.heard.get(head.identity)?.key === head.key) return
  if (state.settings.mayServe(link.peer, head.identity)) link.dirty.add(head.identity)
}

/** Sends what is due in as few frames as may be under way; more follows when the peer has heard them. */
export function flushHeads(turn: Turn, link: Link): void {
  const { limits } = turn.state.settings
  while (link.greeted && link.serial - link.heardSerial < limits.maxUnheard) {
    const full = link.serial === 0
    if (link.dirty.size === 0 && !full) return
    const heads: Head[] = []
    for (const identity of link.dirty) {
      if (heads.length === MAX_HEADS) break
      link.dirty.delete(identity)
      const head = dueHead(turn.state, link, identity)
      if (head) heads.push(head)
    }
    if (heads.length === 0 && !full) continue
    send(turn, link, { type: 'ihave', serial: ++link.serial, full, heads })
  }
}

/** What to say of a feed now: its head, that it is no longer offered, or nothing. */
function dueHead(state: GossipState, link: Link, identity: PlayerId): Head | undefined {
  const head = state.heads.get(identity)
  if (head && state.settings.mayServe(link.peer, identity)) {
    if (link.told.get(identity)?.key === head.key) return undefined
    link.told.set(identity, head)
    return head
  }
  return link.told.delete(identity) ? { identity, comparable: 0, key: NO_KEY, count: 0 } : undefined
}

/** The peer has heard what was told up to a serial. */
export function onHeard(turn: Turn, link: Link, serial: number): void {
  if (serial > link.serial || serial < link.heardSerial) {
    closeLink(turn, link, 'unasked')
    return
  }
  link.heardSerial = serial
  flushHeads(turn, link)
}
