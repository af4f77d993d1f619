import { base64 } from '../../lib/base/index.ts'
import { feedsContract, type EntryRow } from '../../plugins/feeds/index.ts'
import type { Context } from './context.ts'
import { openOffline } from './offline.ts'

/** The most that the node gives in one call. */
const MOST = 1_000_000

interface Wanted {
  /** As people name players; oneself where it is left out. */
  readonly player?: string
  /** With the signed bytes. */
  readonly raw?: boolean
}

/**
 * Everything of what is given in pages.
 * @param most rows of a page: one with fewer is the last
 * @param page those after a comparable, oldest first
 */
export async function* paged<T extends { readonly comparable: number }>(
  most: number,
  page: (after: number) => AsyncIterable<T>,
): AsyncGenerator<T> {
  let after = 0
  for (let count = most; count >= most;) {
    count = 0
    for await (const row of page(after)) {
      count++
      after = row.comparable
      yield row
    }
  }
}

/** The entries of a feed, oldest first: through the node where one runs, else from the home opened here. */
export async function* entriesOf(context: Context, { player, raw = false }: Wanted = {}): AsyncGenerator<EntryRow> {
  const node = await context.nodeIfRunning(feedsContract)
  if (node) {
    const whose = player === undefined ? {} : { player }
    yield* paged(MOST, (after) => node.feeds.read({ ...whose, after, limit: MOST, raw }))
    return
  }
  const home = await openOffline(context)
  try {
    const id = player === undefined ? home.identity.id : home.directory.resolve(player)
    for await (const { key, comparable, parent, payload, bytes } of home.store.read(id))
      yield { key, comparable, parent, payload, ...(raw && { raw: base64(bytes) }) }
  } finally {
    await home.close()
  }
}
