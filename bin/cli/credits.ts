import { readFile } from 'node:fs/promises'
import { MarmaladeError } from '../../lib/base/index.ts'
import { creditsOf, encodeCredits, parseCredits, MAX_CREDITS } from '../../lib/engine/index.ts'
import type { Credits, Replayed, TakeOnDisk } from '../../lib/engine/index.ts'
import type { Score } from '../../lib/jam/index.ts'
import { appVersion } from '../../plugins/version.ts'
import type { JamSource } from './jam-source.ts'
import { peopleOf } from './people.ts'
import type { Bars } from './rendering.ts'
import { writeTextFile } from './text-file.ts'

interface Rendered extends Bars {
  readonly source: JamSource
  readonly score: Score
  readonly replayed: Replayed
  readonly take: TakeOnDisk | undefined
}

/** Writes who sounds in what was rendered. @throws FILE_UNWRITABLE */
export async function writeCredits(file: string, rendered: Rendered): Promise<void> {
  const { source, score, replayed, take, fromBar, toBar } = rendered
  const { heads, names } = await peopleOf(source, score)
  const credits = creditsOf({
    score,
    entries: source.entries,
    heads,
    names,
    program: appVersion(),
    replayed,
    ...(take && { take }),
    ...(fromBar !== undefined && { fromBar }),
    ...(toBar !== undefined && { toBar }),
  })
  await writeTextFile(file, encodeCredits(credits))
}

/** @throws FILE_INVALID where it cannot be read, CREDITS_INVALID where it is no credits */
export async function readCredits(file: string): Promise<Credits> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new MarmaladeError('FILE_INVALID', `${file} cannot be read`, { cause })
  })
  if (bytes.length > 4 * MAX_CREDITS) throw new MarmaladeError('CREDITS_INVALID', `${file} is too large for credits`)
  return parseCredits(bytes.toString('utf8'))
}
