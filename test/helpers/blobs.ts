import { BlobStore, Blobs } from '../../lib/blobs/index.ts'
import type { BlobLimits } from '../../lib/blobs/index.ts'
import type { BlobId, PlayerId } from '../../lib/base/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { duplexPair } from './duplex.ts'
import type { DuplexPair } from './duplex.ts'
import { realClock } from './gossips.ts'
import { removeFolder, temporaryFolder } from './stores.ts'

/** Bytes that look like any, the same for one seed in every run. */
export function bytesOf(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed >>> 0
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

export interface BlobNode {
  readonly identity: Identity
  readonly folder: string
  readonly store: BlobStore
  readonly blobs: Blobs
  readonly faults: { readonly message: string; readonly code?: string }[]
  close(): Promise<void>
}

export interface BlobNodeInit {
  readonly mayServe?: (peer: PlayerId, blob: BlobId) => Promise<boolean>
  readonly mayRelay?: (peer: PlayerId) => Promise<boolean>
  readonly limits?: Partial<BlobLimits>
}

export async function blobNode(identity: Identity, init: BlobNodeInit = {}): Promise<BlobNode> {
  const { mayServe = async () => true, mayRelay = async () => true, limits = {} } = init
  const folder = temporaryFolder()
  const store = await BlobStore.open({ folder, now: () => Date.now() })
  const faults: BlobNode['faults'] = []
  const onFault = (message: string, detail: { code?: string }): void => void faults.push({ message, ...detail })
  const blobs = new Blobs({ store, clock: realClock, mayServe, mayRelay, onFault }, limits)
  return {
    identity,
    folder,
    store,
    blobs,
    faults,
    async close() {
      await blobs.close()
      removeFolder(folder)
    },
  }
}

/** Links two nodes; `onWay` may change each frame from `b` to `a`. */
export function linkBlobs(
  a: BlobNode,
  b: BlobNode,
  onWay?: (bytes: Uint8Array) => Uint8Array,
): DuplexPair & { readonly ended: Promise<unknown> } {
  const pair = duplexPair(onWay)
  const ended = Promise.all([a.blobs.link(b.identity.id, pair.a), b.blobs.link(a.identity.id, pair.b)])
  return Object.assign(pair, { ended })
}
