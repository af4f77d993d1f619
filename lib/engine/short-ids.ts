import { refOf, type PlayerRef } from '../base/index.ts'
import type { Members } from '../jam/index.ts'
import { shortIdOf } from '../keys/index.ts'
import type { ShortIds } from '../mix/index.ts'

/** What short ids in tag paths stand for: those that are one member's alone. */
export function shortIdsOf({ everyone }: Pick<Members, 'everyone'>): ShortIds {
  const found = new Map<string, PlayerRef>()
  const shared = new Set<string>()
  for (const player of everyone) {
    const short = shortIdOf(player)
    if (found.has(short)) shared.add(short)
    found.set(short, refOf(player))
  }
  for (const short of shared) found.delete(short)
  return found
}
