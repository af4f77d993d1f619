import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { JamId, Millis } from '../../lib/base/index.ts'
import type { MixAct } from '../../lib/engine/index.ts'
import { parseTake, type Take } from '../../lib/jam/index.ts'
import type { MixSetting, MixTarget } from '../../lib/mix/index.ts'
import { namesIn, TAKE } from './take-folder.ts'

/** Larger takes are not read back. */
const MAX_BYTES = 64 * 1024 * 1024

/** What a player had set for itself alone. */
interface OwnMix {
  readonly acts: readonly MixAct[]
  readonly nudge: Millis
}
const PLAIN: OwnMix = { acts: [], nudge: 0 }

/**
 * The player's own acts and nudge of the session that broke off last in a jam: none where the newest take was closed in order. All
 * else of the state comes again from the entries.
 * @param folder of the jam's takes
 * @throws TAKE_INVALID where it cannot be read
 */
export async function mixOfBrokenTake(folder: string, jam: JamId): Promise<OwnMix> {
  const newest = (await namesIn(folder, TAKE)).at(-1)
  if (newest === undefined) return PLAIN
  const file = join(folder, newest)
  if ((await stat(file)).size > MAX_BYTES) return PLAIN
  const take = parseTake(await readFile(file, 'utf8'))
  if (take.header.jam !== jam || take.records.some(({ kind }) => kind === 'close')) return PLAIN
  return { acts: actsOf(take), nudge: take.records.findLast((record) => record.kind === 'nudge')?.millis ?? 0 }
}

function actsOf({ records }: Take): MixAct[] {
  // Fields that are left out are undefined nowhere: what JSON gave has them or has them not.
  return records
    .filter((record) => record.kind === 'mix')
    .map(({ frame, target, setting }) => ({ frame, target: target as MixTarget, setting: setting as MixSetting }))
}
