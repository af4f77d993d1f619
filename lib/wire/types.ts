import type { PlayerId } from '../base/index.ts'

/** One duplex call between two nodes. Names are the caller's; each connection has its own. */
export type LinkId = number

/** A way to carry frames both ways, in order and whole: lib/host's duplex of bytes is one. */
export interface Duplex {
  /** What the other side pushes; ends when it does. Leaving the loop early ends the call. To be iterated once. */
  readonly source: AsyncIterable<Uint8Array>
  /** Resolves when there is room for the next; rejects once the call has ended. */
  push(bytes: Uint8Array): Promise<void>
  /** Nothing more will be pushed. */
  end(): void
}

/** What happens to every core that speaks frames over calls. */
export type CallEvent =
  | { readonly type: 'connected'; readonly link: LinkId; readonly peer: PlayerId }
  | { readonly type: 'disconnected'; readonly link: LinkId }
  | { readonly type: 'received'; readonly link: LinkId; readonly bytes: Uint8Array }
  /** So many bytes of earlier `send` effects have left. */
  | { readonly type: 'sent'; readonly link: LinkId; readonly bytes: number }
  | { readonly type: 'tick' }

/** What every such core asks of its driver. */
export type CallEffect<Code extends string = string> =
  | { readonly type: 'send'; readonly link: LinkId; readonly bytes: Uint8Array }
  /** The last frame sent says why. */
  | { readonly type: 'close'; readonly link: LinkId; readonly code: Code }
