import { closeLink, putBounded, send } from './state.ts'
import type { Link, Turn } from './state.ts'
import type { BlobEvent, BlobFrame } from './types.ts'
import { relay } from './wanting.ts'

type Of<T extends BlobFrame['type']> = Extract<BlobFrame, { type: T }>
type EventOf<T extends BlobEvent['type']> = Extract<BlobEvent, { type: T }>

/** The store has been looked into for a peer's want: it is told, or the want is passed on. */
export function onLooked(turn: Turn, link: Link, { blob, size, here, relay: passOn }: EventOf<'looked'>): void {
  link.looking--
  const wanted = link.wants.get(blob)
  if (!wanted || wanted.until <= turn.state.now) return
  if (size !== undefined) {
    putBounded(link.offers, blob, size, turn.state.settings.limits.maxOffers)
    send(turn, link, { type: 'have', blobs: [{ blob, size }] })
  } else if (!here && passOn && wanted.hops > 0) relay(turn, link, blob, wanted.maxBytes)
}

/** A peer asks for a piece of what it was told is here. */
export function onPull(turn: Turn, link: Link, frame: Of<'pull'>): void {
  const { limits } = turn.state.settings
  if (link.queue.length >= limits.maxPulls) {
    closeLink(turn, link, 'too-many')
    return
  }
  link.queue.push(frame)
  serveNext(turn, link)
}

/** Answers pulls in their order, one at a time, while the link has room. */
export function serveNext(turn: Turn, link: Link): void {
  while (!link.fetching && link.unsent < turn.state.settings.limits.maxUnsent) {
    const pull = link.queue.shift()
    if (!pull) return
    const { request, blob, offset, length } = pull
    const size = link.offers.get(blob)
    if (size === undefined) send(turn, link, { type: 'deny', request, code: 'not-served' })
    else if (offset + length > size) send(turn, link, { type: 'deny', request, code: 'range' })
    else {
      link.fetching = true
      turn.effects.push({ type: 'fetch', link: link.id, request, blob, offset, length })
    }
  }
}

export function onFetched(turn: Turn, link: Link, { request, bytes }: EventOf<'fetched'>): void {
  link.fetching = false
  if (bytes) send(turn, link, { type: 'data', request, bytes })
  else send(turn, link, { type: 'deny', request, code: 'failed' })
  serveNext(turn, link)
}
