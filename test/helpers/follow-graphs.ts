import { FollowGraph, type FollowLimits } from '../../lib/players/index.ts'
import type { Change, Store } from '../../lib/store/index.ts'
import { HandClock, chain, identityNamed, rawOf } from './chains.ts'
import type { Payload } from '../../lib/entry/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { temporaryStore } from './stores.ts'

export const [ann, ben, cy, dee, eve] = ['ann', 'ben', 'cy', 'dee', 'eve'].map(identityNamed) as [
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
]
export const follow = ({ id }: Identity, on = true): Payload => ({ type: 'follow', identity: id, on })
export const block = ({ id }: Identity, on = true): Payload => ({ type: 'block', identity: id, on })

/** Ann's store, with a graph that is told of every change. */
export async function annsGraph(
  hops: number,
  limits: Partial<FollowLimits> = {},
): Promise<{
  store: Store & { remove(): Promise<void> }
  graph: FollowGraph
  /** Whether the last change moved somebody. */
  settled: () => Promise<boolean>
  says: (author: Identity, ...payloads: Payload[]) => Promise<void>
}> {
  const store = await temporaryStore(ann, new HandClock())
  const graph = new FollowGraph({ store, self: ann.id, hops, limits })
  await graph.load()
  let moved: Promise<boolean> = Promise.resolve(false)
  store.onChange((change: Change) => (moved = moved.then(async () => (await graph.observe(change)) !== undefined)))
  return {
    store,
    graph,
    settled: () => moved,
    async says(author, ...payloads) {
      const entries = chain(author, payloads.length, null, { payload: (at) => payloads[at] ?? follow(author) })
      for (let at = 0; at < entries.length; at += 1_000)
        await store.ingest(author.id, rawOf(entries.slice(at, at + 1_000)))
      await moved
    },
  }
}
