import { createReadStream } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { jamIdOf, MarmaladeError, name as checkedName, type JamId } from '../../lib/base/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { hasSoundCard } from '../../lib/sink/index.ts'
import { connectionsContract } from '../../plugins/connections/index.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { soundContract, type SoundReport } from '../../plugins/sound/index.ts'
import { compareFiles, type Comparison } from './compare.ts'
import { ending, staying } from './closing.ts'
import { performTune } from './perform.ts'
import type { Plan } from './plan.ts'
import { DemoPlayer } from './players.ts'
import { replayFrom, type ReplayResult } from './replays.ts'
import type { Story } from './words.ts'

/** How long Ben may take to be let in. */
const ADMIT_MILLIS = 20_000

export interface DemoInit {
  /** Empty; homes and files go here. */
  readonly folder: string
  readonly plan: Plan
  readonly story: Story
  /** Whose mix the card plays, where there is one. */
  readonly ears: 'ada' | 'ben'
  readonly signal: AbortSignal
}

export interface LiveFile {
  readonly player: string
  readonly file: string
  readonly sha256: string
  readonly seconds: number
  readonly peak: number
  /** Jam frame of its first sample. */
  readonly firstFrame: number
  readonly late: number
  readonly underruns: number
}

/** What `demo --json` prints. */
export interface DemoResult {
  readonly homes: Readonly<Record<string, string>>
  readonly identities: Readonly<Record<string, string>>
  readonly jam: string
  readonly live: readonly LiveFile[]
  readonly replays: readonly (ReplayResult & { readonly player: string })[]
  /** Each live file against the score's replay. */
  readonly compared: readonly (Comparison & { readonly player: string })[]
  readonly scoreHash: string
  /** Both replays are one file, and both live files are the score wherever nothing was late. */
  readonly agree: boolean
}

type Pair = Readonly<Record<'ada' | 'ben', DemoPlayer>>

/** The whole demo: two nodes meet, play, stop; the jam is replayed from each home. @throws CANCELLED, what the nodes refuse */
export async function runDemo(init: DemoInit): Promise<DemoResult> {
  const { story, plan, folder } = init
  const players = await meet(init)
  let reports: readonly SoundReport[]
  let jam: JamId
  try {
    const session = await begin(init, players)
    jam = session.jam
    await performTune({ ...init, players, ...session }, 'end')
    if (init.signal.aborted) throw new MarmaladeError('CANCELLED', 'the demo was stopped')
    story.say()
    story.say('  The last bars are playing, then the tails ring out …')
    reports = await Promise.all([players.ada, players.ben].map((player) => player.ask(soundContract).sound.finished()))
  } finally {
    await Promise.all([players.ada.stop(), players.ben.stop()])
  }
  story.heading('Both nodes have ended. The jam is replayed from what each home holds, offline.')
  const all = [players.ada, players.ben]
  const live = await Promise.all(all.map((player, at) => liveFile(player.name, folder, reports[at])))
  const replays: (ReplayResult & { readonly player: string })[] = []
  for (const player of all) {
    const out = join(folder, `${player.name}-replay.wav`)
    replays.push({ player: player.name, ...(await replayFrom(player.home, plan.name, out)) })
  }
  const compared = await Promise.all(
    live.map(async (file) => ({ player: file.player, ...(await compareFiles(file, ofPlayer(replays, file.player))) })),
  )
  const result: DemoResult = {
    homes: { ada: players.ada.home, ben: players.ben.home },
    identities: { ada: players.ada.identity, ben: players.ben.identity },
    jam,
    live,
    replays,
    compared,
    scoreHash: replays[0]?.scoreHash ?? '',
    agree: agrees(live, replays, compared),
  }
  ending(story, result, folder)
  return result
}

/** The same beginning; then Ben's node plays on and the user is Ada. Resolves when the signal is given. */
export async function stayDemo(init: DemoInit): Promise<void> {
  const players = await meet(init)
  try {
    const session = await begin(init, players)
    await performTune({ ...init, players, ...session }, 'stay')
    if (init.signal.aborted) return
    staying(init.story, players.ada.home)
    await new Promise<void>((resolve) => init.signal.addEventListener('abort', () => resolve()))
  } finally {
    await Promise.all([players.ada.stop(), players.ben.stop()])
  }
}

/** Two nodes start, meet over TCP and secret-handshake, and follow each other. */
async function meet({ folder, story, ears }: DemoInit): Promise<Pair> {
  story.heading('Two players, each with a node, a key and a feed of their own')
  const sinkOf = (player: 'ada' | 'ben'): string => {
    const file = `wav:${join(folder, `${player}-live.wav`)}`
    return hasSoundCard() && ears === player ? `speaker+${file}` : file
  }
  const [ada, ben] = await Promise.all([
    DemoPlayer.start('ada', folder, sinkOf('ada')),
    DemoPlayer.start('ben', folder, sinkOf('ben')),
  ])
  if (!hasSoundCard()) story.say('  (no sound card here: each mix goes to a file)')
  for (const player of [ada, ben]) {
    await player.ask(playersContract).identify({ name: player.name })
    story.say(`  ${story.name(player.name)} is ${player.identity}`)
  }
  const [address = ''] = ada.addresses
  await ben.ask(connectionsContract).connections.connect({ address })
  story.say(`  Ben connects to Ada: TCP, then secret-handshake. No server knows of it.`)
  await ada.ask(feedsContract).feeds.follow({ player: ben.identity, on: true })
  await ben.ask(feedsContract).feeds.follow({ player: ada.identity, on: true })
  story.say('  They follow each other: each node now keeps both feeds.')
  return { ada, ben }
}

/** Generators are published, the jam starts, Ben joins. */
async function begin({ plan, story }: DemoInit, { ada, ben }: Pair): Promise<{ jam: JamId; origin: number }> {
  for (const player of [ada, ben]) {
    for (const generator of plan.players[player.name]?.generators ?? []) {
      const folder = join(packageRoot(), 'fixtures', 'generators', generator)
      const row = await player.ask(generatorsContract).authoring.publish({ folder })
      story.say(
        `  ${story.name(player.name)} publishes ${generator}: ${row.size} bytes of code, ${row.archive.slice(0, 12)}…`,
      )
    }
  }
  const { name, title, tempo, meter } = plan
  await ada.ask(jamsContract).jam.start({ name, title, tempo, meter })
  const jam = jamIdOf(ada.identity, checkedName(name))
  await ben.ask(jamsContract).jam.join({ jam })
  await admitted(ben, jam)
  const origin = await originOf(ada, jam)
  story.heading(`"${title}", ${tempo} BPM, ${meter}: Ada has started the jam, Ben is in`)
  story.say(`  Audio never travels. What follows is entries in two feeds, each read by both nodes; each node makes`)
  story.say(`  its own sound from them. The tune begins at bar ${plan.phraseBars + 1} of the jam.`)
  story.say()
  return { jam, origin }
}

async function admitted(player: DemoPlayer, jam: JamId): Promise<void> {
  const deadline = performance.now() + ADMIT_MILLIS
  for (;;) {
    const { mine } = await player.ask(jamsContract).jam.show({ jam })
    if (mine === 'member') return
    if (performance.now() > deadline) throw new MarmaladeError('NOT_MEMBER', 'Ben was not let into the jam in time')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Milliseconds since 1970: the start entry's comparable. */
async function originOf(player: DemoPlayer, jam: JamId): Promise<number> {
  for await (const entry of player.ask(jamsContract).jam.entries({ jam })) {
    const payload = entry.payload as { readonly type?: string; readonly action?: string }
    if (payload.type === 'jam' && payload.action === 'start') return entry.comparable / 1_000
  }
  throw new MarmaladeError('JAM_UNKNOWN', 'the jam has no start')
}

async function liveFile(player: string, folder: string, report: SoundReport | undefined): Promise<LiveFile> {
  if (!report) throw new MarmaladeError('ENGINE_LOST', `${player}'s sound engine died: its log says why`)
  const file = join(folder, `${player}-live.wav`)
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(file)) hash.update(bytes as Buffer)
  const { frames, firstFrame, peak, late, underruns } = report
  return { player, file, sha256: hash.digest('hex'), seconds: frames / 48_000, peak, firstFrame, late, underruns }
}

function ofPlayer<T extends { readonly player: string }>(list: readonly T[], player: string): T {
  const found = list.find((item) => item.player === player)
  if (!found) throw new MarmaladeError('INTERNAL', `nothing of ${player}`)
  return found
}

/** Where nothing was late every sample must be the score's; where something was, the rest from some bar on. */
function agrees(live: DemoResult['live'], replays: DemoResult['replays'], compared: DemoResult['compared']): boolean {
  const one = new Set(replays.map((replayed) => replayed.sha256)).size === 1
  return one && live.every(({ player, late }) => late > 0 || ofPlayer(compared, player).differing === 0)
}
