import type { Test } from 'tape'
import type { Entry } from '../../lib/entry/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { HandClock, chain, collect, identityNamed, note } from '../helpers/chains.ts'
import type { StoreKind, StorePlace } from '../helpers/stores.ts'

/** As tape has it. */
export type Tape = (name: string, body: (t: Test) => Promise<void>) => void
export type WithStore = (
  what: string,
  body: (t: Test, store: Store, clock: HandClock, place: StorePlace) => Promise<void>,
) => void

export const ada = identityNamed('ada')
export const ben = identityNamed('ben')
export const cy = identityNamed('cy')

/** Tests each with a store of ada's own and a clock that stands still. */
export const storesOf =
  (test: Tape, kind: StoreKind): WithStore =>
  (what, body) =>
    test(`store over ${kind.name}: ${what}`, async (t) => {
      const place = kind.place()
      const clock = new HandClock()
      const store = await place.open(ada, clock)
      try {
        await body(t, store, clock, place)
      } finally {
        await store.close()
        await place.remove()
      }
    })

export const feedOf = (store: Store, identity = ben.id): Promise<Entry[]> => collect(store.read(identity))

export async function rejects(t: Test, code: string, promise: Promise<unknown>): Promise<void> {
  const outcome = await promise.then(
    () => 'resolved',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  )
  t.equal(outcome, code)
}

/** Two chains that share three entries; `high` has the higher head, though fewer entries. */
export function fork(): { root: Entry[]; low: Entry[]; high: Entry[] } {
  const root = chain(ben, 3, null)
  const low = chain(ben, 5, root[2] ?? null, { payload: (at) => note(`low ${at}`) })
  const high = chain(ben, 2, root[2] ?? null, { payload: (at) => note(`high ${at}`), step: 100_000 })
  return { root, low, high }
}
