import { hex, rawId } from '../base/index.ts'
import type { BlobId, PlayerId } from '../base/index.ts'
import { putBounded } from './state.ts'
import type { BlobState, Part, Turn, Want } from './state.ts'

/** Parts of one blob that are kept at a time. */
const MAX_PARTS = 3
/** Sizes of one blob for which each player has a part of its own: past it the oldest goes. */
const MAX_ALONE = 64
/** Players and blobs of which they gave wrong bytes, all together: past it the oldest goes. */
const MAX_LIARS = 4_096

/** What the bytes of a source that says this size belong to. */
export const partName = ({ alone }: Want, peer: PlayerId, size: number): string =>
  alone.has(size) ? `${size}.${hex(rawId(peer)).slice(0, 32)}` : String(size)

/** The part that a source goes on with. Where there are too many, the smallest others go. */
export function partFor(turn: Turn, made: Want, peer: PlayerId, size: number): Part {
  const name = partName(made, peer, size)
  const part = made.parts.get(name) ?? { name, size, bytes: 0, givers: new Set() }
  made.parts.set(name, part)
  while (made.parts.size > MAX_PARTS) {
    const [smallest] = [...made.parts.values()].filter((other) => other !== part).sort((a, b) => a.bytes - b.bytes)
    if (smallest) dropPart(turn, made, smallest)
  }
  return part
}

/** Nothing of what came is of use any more. */
export function dropParts(turn: Turn, made: Want): void {
  for (const part of [...made.parts.values()]) dropPart(turn, made, part)
}

function dropPart({ effects }: Turn, { blob, parts }: Want, { name }: Part): void {
  parts.delete(name)
  effects.push({ type: 'discard', blob, part: name })
}

/**
 * The bytes of a part were not the blob's. Those of one player are held against it; where several gave some nobody can
 * tell which were wrong, and each is tried alone, from the start.
 */
export function blame(state: BlobState, { blob, parts, alone }: Want, { name, size, givers }: Part): void {
  parts.delete(name)
  const [giver] = givers
  if (givers.size === 1 && giver !== undefined && giver !== 'unknown') {
    putBounded(state.liars, lieOf(blob, giver), true, MAX_LIARS)
    return
  }
  alone.add(size)
  for (const oldest of alone) {
    if (alone.size <= MAX_ALONE) return
    alone.delete(oldest)
  }
}

/** Whether a player gave wrong bytes of a blob: it is not asked for it again. */
export const isLiar = ({ liars }: BlobState, blob: BlobId, peer: PlayerId): boolean => liars.has(lieOf(blob, peer))

const lieOf = (blob: BlobId, peer: PlayerId): string => `${blob} ${peer}`
