import type { StoreSizes } from '../../plugins/bundles/index.ts'
import { bytes, table } from './words.ts'

type Bytes = NonNullable<StoreSizes['bytes']>

const KINDS = {
  entries: 'entries of feeds',
  losing: 'branches that lost',
  places: 'keys of entries',
  indexes: 'indexes',
} as const
const ALL = Object.entries(KINDS) as [keyof typeof KINDS, string][]

/** In one line, what there is none of left out. */
export const sizesLine = (sizes: Bytes): string =>
  ALL.filter(([kind]) => kind === 'entries' || sizes[kind] > 0)
    .map(([kind, words]) => `${bytes(sizes[kind])} ${words}`)
    .join(', ')

/** What takes how much room, by kind; beside what it took before, where that is given. */
export function sizesTable({ bytes: now }: StoreSizes, earlier?: StoreSizes): string {
  const rows = ALL.map(([kind, words]) => {
    const columns = earlier ? [bytes(earlier.bytes?.[kind] ?? 0)] : []
    return [words, ...columns, bytes(now?.[kind] ?? 0)]
  })
  return table(earlier ? ['', 'before', 'now'] : ['', 'on disk'], rows)
}
