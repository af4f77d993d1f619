import type { ReplayInit } from '../../lib/engine/index.ts'
import { buildScore, type Score } from '../../lib/jam/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import type { JamSource } from './jam-source.ts'
import type { Progress } from './progress.ts'

/** The part of a jam that is rendered, in bars from 1. */
export interface Bars {
  readonly fromBar?: number
  readonly toBar?: number
}

/** The score of a jam, or of its beginning. */
export const scoreOf = ({ jam, entries }: Pick<JamSource, 'jam' | 'entries'>, { toBar }: Bars): Score =>
  buildScore(jam, entries, toBar === undefined ? {} : { to: toBar - 1 })

type Given = Pick<ReplayInit, 'score' | 'entries' | 'archiveFile' | 'mayRun' | 'shown' | 'onProgress' | 'from' | 'cut'>

/** What a render takes from where its jam comes from. */
export function renderingOf(source: JamSource, score: Score, progress: Progress, { fromBar, toBar }: Bars): Given {
  const { entries, archiveFile, mayRun } = source
  const { grid } = score
  return {
    score,
    entries,
    archiveFile,
    mayRun,
    shown: ({ publisher }) => shortIdOf(publisher),
    onProgress: (done, of) => progress.update(done, of),
    ...(fromBar !== undefined && { from: grid.frameOfBar(fromBar - 1) }),
    ...(toBar !== undefined && { cut: grid.frameOfBar(toBar - 1) }),
  }
}
