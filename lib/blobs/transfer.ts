import { blame, isLiar, partFor, partName } from './parts.ts'
import { closeLink, send } from './state.ts'
import type { Link, Pull, Transfer, Turn, Want } from './state.ts'
import type { BlobEvent, BlobFrame } from './types.ts'
import { PIECE_BYTES } from './wire.ts'

type Of<T extends BlobFrame['type']> = Extract<BlobFrame, { type: T }>
type EventOf<T extends BlobEvent['type']> = Extract<BlobEvent, { type: T }>

/** As long as this share of the window is under way, nothing more is asked for. */
const ENOUGH = 0.75

/** Begins what can be begun: wanted blobs that somebody has, one source each, so many at once. */
export function startTransfers(turn: Turn): void {
  const { state } = turn
  let running = 0
  for (const made of state.wants.values()) if (made.transfer) running++
  for (const made of state.wants.values()) {
    if (running >= state.settings.limits.maxTransfers) return
    if (made.transfer) continue
    const source = bestSource(turn, made)
    if (!source) continue
    const { link, size } = source
    const part = partFor(turn, made, link.peer, size)
    const { now } = state
    const nothing = { asked: 0, received: 0, written: 0, measuredFrom: 0 }
    made.transfer = {
      ...nothing,
      link: link.id,
      peer: link.peer,
      part,
      phase: 'opening',
      progressAt: now,
      measuredAt: now,
    }
    turn.effects.push({ type: 'open', blob: made.blob, part: part.name })
    running++
  }
}

/** The source with which the most that is on disk can be gone on with; of several the one that owes least. */
function bestSource({ state }: Turn, made: Want): { readonly link: Link; readonly size: number } | undefined {
  let best: { readonly link: Link; readonly size: number; readonly bytes: number } | undefined
  for (const [id, size] of made.sources) {
    const link = state.links.get(id)
    if (!link || link.closing || isLiar(state, made.blob, link.peer)) continue
    const bytes = made.parts.get(partName(made, link.peer, size))?.bytes ?? 0
    const gain = bytes - (best?.bytes ?? -1)
    if (!best || gain > 0 || (gain === 0 && link.pulls.length < best.link.pulls.length)) best = { link, size, bytes }
  }
  return best
}

/** Leaves the source; what came is put aside. */
export function dropTransfer(turn: Turn, made: Want): void {
  const { transfer } = made
  if (!transfer) return
  made.transfer = undefined
  for (const pull of turn.state.links.get(transfer.link)?.pulls ?? []) if (pull.blob === made.blob) pull.lost = true
  turn.effects.push({ type: 'shelve', blob: made.blob })
}

/** Leaves a source whose link has gone; false where the blob was not on its way from there, or all of it has come. */
export function leaveSource(turn: Turn, made: Want, link: Link): boolean {
  const { transfer } = made
  if (transfer?.link !== link.id || transfer.phase === 'finishing') return false
  dropTransfer(turn, made)
  return true
}

/** What there was of the blob is open: the rest is asked for. */
export function onOpened(turn: Turn, { blob, part: name, offset }: EventOf<'opened'>): void {
  const made = turn.state.wants.get(blob)
  const transfer = made?.transfer
  if (!made || transfer?.phase !== 'opening' || transfer.part.name !== name) return
  const { part } = transfer
  if (offset > part.size) {
    turn.effects.push({ type: 'discard', blob, part: part.name }, { type: 'open', blob, part: part.name })
    return
  }
  // Nothing of it was kept: nobody answers for what it had.
  if (offset === 0) part.givers.clear()
  if (offset > 0 && part.givers.size === 0) part.givers.add(made.alone.has(part.size) ? transfer.peer : 'unknown')
  part.bytes = offset
  transfer.asked = transfer.received = transfer.written = offset
  transfer.phase = 'flowing'
  transfer.progressAt = transfer.measuredAt = turn.state.now
  transfer.measuredFrom = offset
  goOn(turn, made, transfer)
}

function goOn(turn: Turn, made: Want, transfer: Transfer): void {
  if (transfer.written === transfer.part.size) {
    // Who said that this is all answers for it too, though it may have given nothing.
    transfer.part.givers.add(transfer.peer)
    transfer.phase = 'finishing'
    turn.effects.push({ type: 'finish', blob: made.blob })
  }
  const link = turn.state.links.get(transfer.link)
  if (link) pullMore(turn, link)
}

/** Asks a link for pieces up to the window; blobs that come from it take turns. */
function pullMore(turn: Turn, link: Link): void {
  const flowing: { made: Want; transfer: Transfer }[] = []
  let open = link.pulls.length
  for (const made of turn.state.wants.values()) {
    const { transfer } = made
    if (transfer?.link !== link.id || transfer.phase !== 'flowing') continue
    open += Math.ceil((transfer.received - transfer.written) / PIECE_BYTES)
    if (transfer.asked < transfer.part.size) flowing.push({ made, transfer })
  }
  const { window } = turn.state.settings.limits
  // Several at once, where that does not let the source run dry: small frames cost as much as large ones.
  if (open > window * ENOUGH) return
  while (open < window && flowing.length > 0) {
    const next = flowing.shift()
    if (!next) return
    const { made, transfer } = next
    const length = Math.min(PIECE_BYTES, transfer.part.size - transfer.asked)
    const pull: Pull = { request: link.nextRequest, blob: made.blob, length, lost: false }
    link.nextRequest = (link.nextRequest + 1) % 2 ** 32
    link.pulls.push(pull)
    send(turn, link, { type: 'pull', request: pull.request, blob: made.blob, offset: transfer.asked, length })
    transfer.asked += length
    open++
    if (transfer.asked < transfer.part.size) flowing.push(next)
  }
}

/** A piece has come: answers keep the order of what was asked. */
export function onData(turn: Turn, link: Link, { request, bytes }: Of<'data'>): void {
  const pull = link.pulls.shift()
  if (pull?.request !== request || pull.length !== bytes.length) {
    closeLink(turn, link, 'unasked')
    return
  }
  const made = turn.state.wants.get(pull.blob)
  const transfer = made?.transfer
  if (pull.lost || !made || !transfer) {
    pullMore(turn, link)
    return
  }
  transfer.part.givers.add(link.peer)
  transfer.received += bytes.length
  transfer.part.bytes = transfer.received
  transfer.progressAt = made.progressAt = turn.state.now
  turn.effects.push({ type: 'write', blob: pull.blob, bytes })
}

export function onDeny(turn: Turn, link: Link, { request }: Of<'deny'>): void {
  const pull = link.pulls.shift()
  if (pull?.request !== request) {
    closeLink(turn, link, 'unasked')
    return
  }
  const made = turn.state.wants.get(pull.blob)
  if (made && !pull.lost) {
    made.sources.delete(link.id)
    dropTransfer(turn, made)
  }
  pullMore(turn, link)
  startTransfers(turn)
}

/** The disk has taken a piece. Those of a transfer that was left come before `opened` of the next. */
export function onWritten(turn: Turn, { blob, bytes }: EventOf<'written'>): void {
  const made = turn.state.wants.get(blob)
  const transfer = made?.transfer
  if (!made || transfer?.phase !== 'flowing') return
  transfer.written += bytes
  if (made.own) turn.effects.push({ type: 'progress', blob, done: transfer.written, size: transfer.part.size })
  goOn(turn, made, transfer)
}

/** All bytes were there; the part has gone where they were wrong. Right ones have been told as `stored` before. */
export function onFinished(turn: Turn, { blob, whole }: EventOf<'finished'>): void {
  const { state } = turn
  const made = state.wants.get(blob)
  const { transfer } = made ?? {}
  if (!made || whole || transfer?.phase !== 'finishing') return
  made.transfer = undefined
  blame(state, made, transfer.part)
  for (const id of [...made.sources.keys()]) {
    const peer = state.links.get(id)?.peer
    if (peer === undefined || isLiar(state, blob, peer)) made.sources.delete(id)
  }
  startTransfers(turn)
}

/** Sources that give nothing, or too little where another has it, are left; wants that have none are asked for again by the caller. */
export function leaveStalled(turn: Turn): Want[] {
  const left: Want[] = []
  for (const made of turn.state.wants.values()) {
    const { transfer } = made
    if (transfer?.phase !== 'flowing' || !(isStalled(turn, transfer) || isSlow(turn, made, transfer))) continue
    made.sources.delete(transfer.link)
    dropTransfer(turn, made)
    left.push(made)
  }
  if (left.length > 0) startTransfers(turn)
  return left.filter((made) => made.sources.size === 0)
}

function isStalled({ state }: Turn, transfer: Transfer): boolean {
  if (transfer.received > transfer.written) return false
  return state.now - transfer.progressAt >= state.settings.limits.stallAfter
}

/** Measured over one stretch of time after the other. A link that carries several blobs gives each its share. */
function isSlow({ state }: Turn, made: Want, transfer: Transfer): boolean {
  const { stallAfter, leastBytes } = state.settings.limits
  if (state.now - transfer.measuredAt < stallAfter) return false
  const given = transfer.received - transfer.measuredFrom
  transfer.measuredAt = state.now
  transfer.measuredFrom = transfer.received
  if (given >= leastBytes) return false
  let others = 0
  for (const id of made.sources.keys()) {
    const peer = state.links.get(id)?.peer
    if (id !== transfer.link && peer !== undefined && !isLiar(state, made.blob, peer)) others++
  }
  return others > 0
}
