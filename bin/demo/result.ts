import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MarmaladeError, SAMPLE_RATE, type Frames, type JamId } from '../../lib/base/index.ts'
import { parseTake, type TakeRecord } from '../../lib/jam/index.ts'
import type { SoundReport } from '../../plugins/sound/index.ts'
import { compareFiles, type Comparison } from './compare.ts'
import type { Plan, Who } from './plan.ts'
import type { Pair } from './players.ts'
import { replayFrom, type ReplayResult } from './replays.ts'

/** What a player heard. */
export interface LiveFile {
  readonly player: Who
  readonly file: string
  readonly sha256: string
  readonly seconds: number
  readonly peak: number
  /** Jam frame of its first sample. */
  readonly firstFrame: Frames
  /** What took effect after its place, or was ended by this node alone, as the take has it. */
  readonly faults: readonly Fault[]
  readonly underruns: number
}
export interface Fault {
  readonly frame: Frames
  readonly what: string
}

export interface Replay extends ReplayResult {
  readonly player: Who
}

/** A live file against the score's replay. */
export interface Compared extends Comparison {
  readonly player: Who
}

/** What `demo --json` prints. */
export interface DemoResult {
  readonly homes: Readonly<Record<Who, string>>
  readonly identities: Readonly<Record<Who, string>>
  readonly jam: JamId
  /** The bar of the jam, counted from 1, in which the tune began; before it all is silent. */
  readonly firstBar: number
  readonly live: readonly LiveFile[]
  readonly replays: readonly Replay[]
  readonly compared: readonly Compared[]
  /** Hash of the score's set of entries. */
  readonly scoreHash: string
  /** Both replays are one file, and each live file is the score wherever its take tells of no fault. */
  readonly agree: boolean
}

interface Played {
  readonly folder: string
  readonly plan: Plan
  readonly jam: JamId
  readonly firstBar: number
}

/** Looks at what both players heard, and replays the jam from each home. Both nodes have ended. */
export async function collect(
  { folder, plan, jam, firstBar }: Played,
  players: Pair,
  reports: Readonly<Record<Who, SoundReport>>,
): Promise<DemoResult> {
  const all = [players.ada, players.ben]
  const live = await Promise.all(all.map(({ name }) => liveFile(name, folder, reports[name])))
  const replays = await Promise.all(
    all.map(async ({ name, home }): Promise<Replay> => {
      const out = join(folder, `${name}-replay.wav`)
      return { player: name, ...(await replayFrom(home, plan.name, out)) }
    }),
  )
  const compared = await Promise.all(
    live.map(async (file) => ({ player: file.player, ...(await compareFiles(file, ofPlayer(replays, file.player))) })),
  )
  return {
    homes: { ada: players.ada.home, ben: players.ben.home },
    identities: { ada: players.ada.identity, ben: players.ben.identity },
    jam,
    firstBar,
    live,
    replays,
    compared,
    scoreHash: ofPlayer(replays, 'ada').scoreHash,
    agree: agrees(live, replays, compared),
  }
}

async function liveFile(player: Who, folder: string, report: SoundReport): Promise<LiveFile> {
  const file = join(folder, `${player}-live.wav`)
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(file)) hash.update(bytes as Buffer)
  const { frames, firstFrame, peak, underruns } = report
  const faults = await faultsOf(report.take)
  return {
    player,
    file,
    sha256: hash.digest('hex'),
    seconds: frames / SAMPLE_RATE,
    peak,
    firstFrame,
    faults,
    underruns,
  }
}

async function faultsOf(take: string): Promise<Fault[]> {
  const { records } = parseTake(await readFile(take, 'utf8'))
  return records.flatMap((record) => {
    const what = faultIn(record)
    return what !== undefined && 'frame' in record ? [{ frame: record.frame, what }] : []
  })
}

const WHY_LATE = {
  entry: 'its entry came late',
  archive: 'its generator was not ready',
  grid: 'the grid had moved past it',
} as const
const instanceIn = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function faultIn(record: TakeRecord): string | undefined {
  switch (record.kind) {
    case 'applied':
    case 'started': {
      const { late } = record
      if (!late || late.reason === 'join') return undefined
      const what = record.kind === 'started' ? `${instanceIn(record.path)} started` : 'a change took effect'
      return `${what} ${(late.by / SAMPLE_RATE).toFixed(2)} s late: ${WHY_LATE[late.reason]}`
    }
    case 'failed':
      return `${instanceIn(record.path)} was ended here: ${record.message}`
    case 'grid':
    case 'clock':
      return 'the beat jumped'
    case 'skip':
      return `${record.frames} frames were skipped`
    default:
      return undefined
  }
}

/** @throws INTERNAL where there is none */
export function ofPlayer<T extends { readonly player: Who }>(list: readonly T[], player: Who): T {
  const found = list.find((item) => item.player === player)
  if (!found) throw new MarmaladeError('INTERNAL', `nothing of ${player}`)
  return found
}

/** Where nothing was amiss every sample must be the score's. */
function agrees(live: DemoResult['live'], replays: DemoResult['replays'], compared: DemoResult['compared']): boolean {
  const one = new Set(replays.map(({ sha256 }) => sha256)).size === 1
  return one && live.every(({ player, faults }) => faults.length > 0 || ofPlayer(compared, player).differing === 0)
}
