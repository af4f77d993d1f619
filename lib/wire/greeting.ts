import type { Millis } from '../base/index.ts'

/** A call as far as its greeting goes. */
export interface Greeted {
  readonly since: Millis
  /** Whether the peer has said hello. */
  readonly greeted: boolean
}

type Spoken = { readonly type: string }

/** What a frame is at this point of a call: hello comes first and once, a goodbye at any time. */
export type Reception<F extends Spoken> =
  | { readonly kind: 'hello'; readonly frame: Extract<F, { type: 'hello' }> }
  | { readonly kind: 'other'; readonly frame: Exclude<F, { type: 'hello' | 'close' }> }
  | { readonly kind: 'goodbye' }
  | { readonly kind: 'malformed' }

/** @param frame undefined where the bytes were none */
export function receive<F extends Spoken>({ greeted }: Greeted, frame: F | undefined): Reception<F> {
  if (!frame) return { kind: 'malformed' }
  if (frame.type === 'close') return { kind: 'goodbye' }
  if ((frame.type === 'hello') === greeted) return { kind: 'malformed' }
  return frame.type === 'hello'
    ? { kind: 'hello', frame: frame as Extract<F, { type: 'hello' }> }
    : { kind: 'other', frame: frame as Exclude<F, { type: 'hello' | 'close' }> }
}

/** Those whose peer has not said hello for so long. */
export function silent<L extends Greeted>(links: Iterable<L>, now: Millis, within: Millis): L[] {
  return [...links].filter((link) => !link.greeted && now - link.since >= within)
}

/** Whether some peer has yet to say hello. */
export function awaitsHello(links: Iterable<Greeted>): boolean {
  for (const link of links) if (!link.greeted) return true
  return false
}
