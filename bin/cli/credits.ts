import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { MarmaladeError, type PlayerId } from '../../lib/base/index.ts'
import { creditsOf, encodeCredits, parseCredits, MAX_CREDITS } from '../../lib/engine/index.ts'
import type { Credits, CreditHead, Replayed, TakeOnDisk } from '../../lib/engine/index.ts'
import type { Score } from '../../lib/jam/index.ts'
import { appVersion } from '../../plugins/version.ts'
import type { JamSource } from './jam-source.ts'
import { publishedIn } from './published.ts'
import type { Bars } from './rendering.ts'

interface Rendered extends Bars {
  readonly source: JamSource
  readonly score: Score
  readonly replayed: Replayed
  readonly take: TakeOnDisk | undefined
}

/** Writes who sounds in what was rendered. @throws FILE_UNWRITABLE */
export async function writeCredits(file: string, rendered: Rendered): Promise<void> {
  const { source, score, replayed, take, fromBar, toBar } = rendered
  const heads: CreditHead[] = []
  const names = new Map<PlayerId, string>()
  for (const player of score.players) {
    const { head, name } = await publishedIn(player, source.feed(player))
    if (head) heads.push(head)
    if (name !== undefined) names.set(player, name)
  }
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
  await write(file, encodeCredits(credits))
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(`${file}.part`, text)
    await rename(`${file}.part`, file)
  } catch (cause) {
    await rm(`${file}.part`, { force: true }).catch(() => undefined)
    const message = `${file} cannot be written: see that its folder exists and has room`
    throw new MarmaladeError('FILE_UNWRITABLE', message, { cause })
  }
}

/** @throws FILE_INVALID where it cannot be read, CREDITS_INVALID where it is no credits */
export async function readCredits(file: string): Promise<Credits> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new MarmaladeError('FILE_INVALID', `${file} cannot be read`, { cause })
  })
  if (bytes.length > 4 * MAX_CREDITS) throw new MarmaladeError('CREDITS_INVALID', `${file} is too large for credits`)
  return parseCredits(bytes.toString('utf8'))
}
