import { MarmaladeError, type PlayerId } from '../../lib/base/index.ts'
import {
  creditedFrom,
  creditFault,
  creditsOf,
  differingCredits,
  falseSounds,
  replay,
  Sources,
  type CreditFault,
  type Credits,
  type TakeOnDisk,
} from '../../lib/engine/index.ts'
import { hashOfScore } from '../../lib/bundle/index.ts'
import type { Score } from '../../lib/jam/index.ts'
import { appVersion } from '../../plugins/version.ts'
import type { JamSource } from './jam-source.ts'
import { progressBar } from './progress.ts'
import { publishedIn } from './published.ts'
import { renderingOf, scoreOf, type Bars } from './rendering.ts'

/** Whether what the credits are of is rendered again. */
export type Again = 'rendered' | 'not rendered'

interface Checking {
  readonly source: JamSource
  readonly take: TakeOnDisk | undefined
  readonly again: Again
}

/** What a check of credits came to. */
export interface CreditsChecked {
  readonly faults: readonly CreditFault[]
  /** Whether frames and samples were held against a render of its own. */
  readonly rendered: boolean
  /** What was not checked, and why; a sentence each. */
  readonly notes: readonly string[]
}

/** Holds credits against what is here: feeds up to the heads they name, archives, and the sound. */
export async function checkCredits(credits: Credits, checking: Checking): Promise<CreditsChecked> {
  const { source } = checking
  if (source.jam !== credits.jam) return refused([creditFault('jam', `this is ${source.jam}`)])
  const { faults: wrong, names, until } = await checkHeads(credits, source)
  const entries = source.entries.filter(({ identity, comparable }) => comparable <= (until.get(identity) ?? 0))
  const then = { ...source, entries }
  const { fromBar, toBar } = credits.render
  const bars: Bars = { ...(fromBar !== undefined && { fromBar }), ...(toBar !== undefined && { toBar }) }
  try {
    const score = scoreOf(then, bars)
    const faults = [...wrong, ...outsiders(credits, score)]
    return await checkSounds(credits, { ...checking, source: then, score, names, bars, faults })
  } catch (error) {
    if (!(error instanceof MarmaladeError)) throw error
    return refused([...wrong, creditFault('render', `it cannot be made from what is here: ${error.message}`)])
  }
}

const refused = (faults: readonly CreditFault[]): CreditsChecked => ({ faults, rendered: false, notes: [] })

interface Then extends Checking {
  readonly score: Score
  readonly names: ReadonlyMap<PlayerId, string>
  readonly bars: Bars
  /** Those found so far. */
  readonly faults: readonly CreditFault[]
}

/** @param then what there was when the heads were those of the credits */
async function checkSounds(credits: Credits, then: Then): Promise<CreditsChecked> {
  const { source, score, names, bars, take, again, faults } = then
  const { entries } = source
  const sources = new Sources({ score, entries, names })
  const lacking = await checkArchives(credits, sources, source)
  const program = appVersion()
  const notes = credits.program === program ? [] : [`program: written by ${credits.program}, checked by ${program}`]
  const untaken = credits.rendition.kind === 'take' && !take
  if (again === 'not rendered' || lacking.length > 0 || untaken) {
    const why = untaken && again === 'rendered' ? ': give the take with --take FILE' : ''
    notes.push(`frames and samples were not checked${why}`)
    return { faults: [...faults, ...lacking, ...unrendered(credits, score, sources)], rendered: false, notes }
  }
  const progress = progressBar('rendering')
  try {
    const taken = credits.rendition.kind === 'take' && take ? { take } : {}
    const replayed = await replay({ ...renderingOf(source, score, progress, bars), ...taken })
    const found = creditsOf({ score, entries, heads: credits.heads, names, program, replayed, ...taken, ...bars })
    const inexact = found.render.inexact.length > 0
    if (inexact) notes.push('programs play in it, whose samples may be others each time: they were not compared')
    const compared = ({ path }: CreditFault): boolean => !inexact || !/^render\.(sha256|frames)$/.test(path)
    return { faults: [...faults, ...differingCredits(credits, found).filter(compared)], rendered: true, notes }
  } finally {
    progress.stop()
  }
}

interface Heads {
  readonly faults: readonly CreditFault[]
  readonly names: ReadonlyMap<PlayerId, string>
  /** Up to where each feed counts. */
  readonly until: ReadonlyMap<PlayerId, number>
}

async function checkHeads({ heads }: Credits, { feed }: JamSource): Promise<Heads> {
  const faults: CreditFault[] = []
  const names = new Map<PlayerId, string>()
  const until = new Map<PlayerId, number>()
  for (const [at, { identity, comparable, key }] of heads.entries()) {
    const { head, name } = await publishedIn(identity, feed(identity), comparable)
    const fault = (field: string, message: string): void => void faults.push(creditFault(['heads', at, field], message))
    if (!head) fault('identity', `nothing up to there of the feed of ${identity} is here`)
    else if (head.comparable !== comparable) fault('comparable', `no entry of ${identity} here has it`)
    else if (head.key !== key) fault('key', `the entry of ${identity} there is ${head.key}`)
    if (until.has(identity)) fault('identity', `${identity} stands twice`)
    // Where a head is not here, what is: so that one false head does not make all else look false.
    until.set(identity, head?.comparable === comparable ? comparable : Infinity)
    if (name !== undefined) names.set(identity, name)
  }
  return { faults, names, until }
}

const outsiders = ({ heads }: Credits, { players }: Score): CreditFault[] =>
  heads.flatMap(({ identity }, at) =>
    players.has(identity) ? [] : [creditFault(['heads', at, 'identity'], `${identity} is no player of the jam`)],
  )

/** Every archive that the entries name for these sounds is to be here, whole. */
async function checkArchives(
  { sounds }: Credits,
  sources: Sources,
  { archiveFile }: JamSource,
): Promise<CreditFault[]> {
  const faults: CreditFault[] = []
  const seen = new Set<string>()
  for (const [at, { play }] of sounds.entries()) {
    const archive = sources.credit(play, 0, 1)?.archive
    if (archive === undefined || seen.has(archive)) continue
    seen.add(archive)
    try {
      await archiveFile(archive)
    } catch (error) {
      const why = error instanceof MarmaladeError ? error.message : 'it cannot be read'
      faults.push(creditFault(['sounds', at, 'archive'], `${archive} is not here, or damaged: ${why}`))
    }
  }
  return faults
}

/** What can be told without the sound. */
function unrendered(credits: Credits, score: Score, sources: Sources): CreditFault[] {
  const { engine, title } = score
  const found: Credits = { ...credits, from: undefined, ...creditedFrom(score), engine, set: hashOfScore(score), title }
  const none = { sounds: [] }
  return [...differingCredits({ ...credits, ...none }, { ...found, ...none }), ...falseSounds(credits, sources)]
}
