import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '../../lib/store/index.ts'
import type { StoreSizes } from '../../plugins/bundles/index.ts'
import { bytes, table } from './words.ts'

/** What the database takes, in bytes. */
export interface DiskSizes extends StoreSizes {
  /** Of its log: rows of every kind that were written last and are not sorted into tables yet. The kinds are of tables alone. */
  readonly log: number
}

const KINDS = {
  entries: 'entries of feeds',
  losing: 'branches that lost',
  places: 'keys of entries',
  indexes: 'indexes',
} as const
const LOG = 'not sorted yet'
const ALL = Object.entries(KINDS) as [keyof typeof KINDS, string][]

/** The sizes that the store tells, and that of the log beside its tables, which it cannot. */
export async function onDisk({ db }: Pick<Home, 'db'>, sizes: StoreSizes): Promise<DiskSizes> {
  let log = 0
  for (const name of await readdir(db).catch(() => [])) {
    // A log is taken away while one looks: then its rows are in a table.
    if (name.endsWith('.log'))
      log += await stat(join(db, name)).then(
        ({ size }) => size,
        () => 0,
      )
  }
  return { ...sizes, log }
}

/** In one line, what there is none of left out. */
export function sizesLine(sizes: DiskSizes): string {
  const parts = kindsOf(sizes).filter(([, size]) => size > 0)
  return parts.length === 0 ? 'empty' : parts.map(([words, size]) => `${bytes(size)} ${words}`).join(', ')
}

/** What takes how much room, by kind; beside what it took before, where that is given. */
export function sizesTable(now: DiskSizes, earlier?: DiskSizes): string {
  const before = earlier && kindsOf(earlier)
  const rows = kindsOf(now).map(([words, size], at) => [
    words,
    ...(before ? [bytes(before[at]?.[1] ?? 0)] : []),
    bytes(size),
  ])
  return table(earlier ? ['', 'before', 'now'] : ['', 'on disk'], rows)
}

const kindsOf = (sizes: DiskSizes): [string, number][] => [
  ...ALL.map(([kind, words]): [string, number] => [words, sizes.bytes?.[kind] ?? 0]),
  [LOG, sizes.log],
]
