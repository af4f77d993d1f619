import { join } from 'node:path'
import { MarmaladeError } from '../../lib/base/index.ts'
import { hasSoundCard } from '../../lib/sink/index.ts'
import { soundContract, type SoundReport } from '../../plugins/sound/index.ts'
import { ending, inviting, staying } from './closing.ts'
import { meet } from './meeting.ts'
import { barMillis, performTune } from './perform.ts'
import type { Plan, Who } from './plan.ts'
import { startPair, type Pair } from './players.ts'
import { collect, type DemoResult } from './result.ts'
import type { Story } from './words.ts'

export interface DemoInit {
  /** Empty; homes and files go here. */
  readonly folder: string
  readonly plan: Plan
  readonly story: Story
  /** Whose mix the card plays, where there is one. */
  readonly ears: Who
  /** Ends the demo, and both nodes with it. */
  readonly signal: AbortSignal
}

/** The whole demo: two nodes meet, play, end; the jam is replayed from each home. @throws CANCELLED, what the nodes refuse */
export async function runDemo(init: DemoInit): Promise<DemoResult> {
  const { story, plan, folder } = init
  const { players, jam, reports, firstBar } = await withPlayers(init, async (pair) => {
    const session = await meet(plan, story, pair)
    const first = await performTune({ ...init, players: pair, ...session }, 'end')
    story.say()
    story.say('  The last bars are playing, then the tails ring out …')
    return { players: pair, jam: session.jam, reports: await finished(pair), firstBar: first }
  })
  story.heading('Both nodes have ended. The jam is replayed from what each home holds, offline.')
  const result = await collect({ folder, plan, jam, firstBar }, players, reports)
  ending(story, result, ((firstBar - 1) * barMillis(plan)) / 1_000)
  return result
}

/** The same beginning; then Ben's node plays on and the user is Ada. Resolves when the signal is given. */
export async function stayDemo(init: DemoInit): Promise<void> {
  const { story, plan, signal } = init
  await withPlayers(init, async (pair) => {
    const session = await meet(plan, story, pair)
    inviting(story, pair.ada.home)
    await performTune({ ...init, players: pair, ...session }, 'stay')
    staying(story, pair.ada.home)
    await aborted(signal)
  }).catch((error: unknown) => {
    // Being told to end is how this ends.
    if (!signal.aborted) throw error
  })
  story.say()
  story.say('  Both nodes have ended.')
}

/** Starts both nodes; whatever happens, both have ended when it settles. @throws CANCELLED where the signal was given */
async function withPlayers<T>(init: DemoInit, body: (players: Pair) => Promise<T>): Promise<T> {
  const { folder, story, signal } = init
  story.heading('Two players, each with a node, a key and a feed of their own')
  if (!hasSoundCard()) story.say('  (no sound card here: what each hears goes to a file)')
  const players = await startPair(folder, (who) => sinkOf(init, who)).catch((error: unknown) => {
    // A terminal's Ctrl-C reaches nodes that are starting too.
    throw signal.aborted ? stopped(folder) : error
  })
  try {
    return await Promise.race([body(players), cancelled(signal, folder)])
  } finally {
    await Promise.all([players.ada.stop(), players.ben.stop()])
  }
}

/** With a sound card only one of them is heard: two nodes on one card would double. */
function sinkOf({ folder, ears }: DemoInit, player: Who): string {
  const file = `wav:${join(folder, `${player}-live.wav`)}`
  return hasSoundCard() && ears === player ? `speaker+${file}` : file
}

/** Rejects when the signal is given. */
async function cancelled(signal: AbortSignal, folder: string): Promise<never> {
  await aborted(signal)
  throw stopped(folder)
}

const stopped = (folder: string): MarmaladeError =>
  new MarmaladeError('CANCELLED', `the demo was stopped; what there is of it lies in ${folder}`)

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
}

async function finished({ ada, ben }: Pair): Promise<Record<Who, SoundReport>> {
  const [adas, bens] = await Promise.all([ada, ben].map((player) => player.ask(soundContract).sound.finished()))
  if (!adas || !bens) throw new MarmaladeError('INTERNAL', 'a node gave no report')
  return { ada: adas, ben: bens }
}
