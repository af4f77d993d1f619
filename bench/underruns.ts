/**
 * A jam of many instances on a node that takes in somebody else's entries all the while; what the card is given is captured, and every
 * impulse of a clapper looked for where it belongs:
 * `node --import tsx bench/underruns.ts [--seconds 60] [--instances 32] [--rate 2000]`.
 * The card is ALSA's device that writes a file (fixtures/alsa) behind the package `speaker`; it skips what comes too late.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Frames, jamIdOf, name as checkedName, SAMPLE_RATE } from '../lib/base/index.ts'
import { packageRoot } from '../lib/base/node/root.ts'
import { readTake } from '../lib/engine/index.ts'
import { connectionsContract } from '../plugins/connections/index.ts'
import { feedsContract } from '../plugins/feeds/index.ts'
import { generatorsContract } from '../plugins/generators/index.ts'
import { jamsContract } from '../plugins/jams/index.ts'
import { soundContract, type SoundReport } from '../plugins/sound/index.ts'
import { withNodes } from './gossip/nodes.ts'
import { inFolder } from './kit/folders.ts'
import { processorOf } from './kit/proc.ts'
import { type Program, withProgram } from './kit/program.ts'

/** One beat is half a second, so that beats lie on whole frames. */
const TEMPO = 120
const BEAT: Frames = SAMPLE_RATE / 2
const SHIPPED = ['drums', 'bass', 'chords', 'arp']
/** Rendered in full and silent in the mix. */
const UNHEARD = { gain: -200 }
/** An impulse is 0.5; a DC block leaves hundredths of it behind. */
const IMPULSE = 0.25

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    instances: { type: 'string', default: '32' },
    rate: { type: 'string', default: '2000' },
  },
})
const [seconds, instances, rate] = [values.seconds, values.instances, values.rate].map(Number) as [
  number,
  number,
  number,
]

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return
    await wait(100)
  }
  throw new Error(`waited in vain until ${what}`)
}

/** The clapper where it is heard, and as many others as are wanted. */
async function playAll(node: Program, jam: ReturnType<typeof jamIdOf>): Promise<void> {
  const { authoring } = node.ask(generatorsContract)
  const root = join(packageRoot(), 'fixtures')
  for (const folder of ['clapper', ...SHIPPED.map((name) => `generators/${name}`)])
    await authoring.publish({ folder: join(root, folder) })
  const { perform } = node.ask(jamsContract)
  await perform.play({ jam, generator: 'clapper', on: 'bar' })
  for (let i = 1; i < instances; i++) {
    const generator = SHIPPED[i % SHIPPED.length] ?? ''
    await perform.play({ jam, generator, as: `${generator}-${i}`, on: 'bar', params: UNHEARD })
  }
  await until('all instances sound', async () => {
    const { instances: playing } = await node.ask(soundContract).sound.status()
    return playing.length === instances
  })
}

/** Frames of the impulses of one side; `first` is that of the first sample. */
function impulses(samples: Float32Array, side: 0 | 1, first: Frames): Frames[] {
  const found: Frames[] = []
  for (let i = side; i < samples.length; i += 2)
    if (Math.abs(samples[i] ?? 0) > IMPULSE) found.push(first + (i - side) / 2)
  return found
}

interface Spent {
  /** The engine's processor time, in seconds. */
  readonly engine: number
  readonly entries: number
}

await inFolder(async (folder) => {
  const raw = join(folder, 'card.raw')
  const env = { ALSA_CONFIG_PATH: join(packageRoot(), 'fixtures/alsa/asound.conf'), ALSA_FILE_OUT: raw }
  await withNodes(folder, ['talker'], async ({ id, address, actor }) => {
    const { report, spent } = await withProgram({ home: join(folder, 'node'), sink: 'speaker', env }, async (node) => {
      await node.ask(jamsContract).jam.start({ name: 'underruns', tempo: TEMPO })
      const jam = jamIdOf(node.id, checkedName('underruns'))
      const { sound } = node.ask(soundContract)
      await until('the jam sounds', async () => (await sound.status()).state === 'playing')
      await playAll(node, jam)
      await node.ask(feedsContract).feeds.follow({ player: id, on: true })
      await node.ask(connectionsContract).connections.connect({ address })
      const engine = (await sound.status()).engine ?? 0
      const before = processorOf(engine)
      await actor.ask('pour', rate)
      await wait(seconds * 1_000)
      await actor.ask('hush')
      const sent = await actor.ask<number>('count', id)
      const spent: Spent = { engine: processorOf(engine) - before, entries: sent }
      await until('every entry is stored', async () => {
        const { entries } = await node.ask(feedsContract).feeds.why({ player: id })
        return entries >= sent
      })
      await node.ask(jamsContract).jam.end({ jam, on: 'bar' })
      return { report: await sound.finished(), spent }
    })
    check(report, spent, raw)
    await tellLate(report)
  })
})

function check(report: SoundReport, { engine, entries }: Spent, raw: string): void {
  const bytes = readFileSync(raw)
  const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  const first = report.firstFrame
  const [left, right] = [impulses(samples, 0, first), impulses(samples, 1, first)]
  const [from = 0, to = 0] = [left[0], left.at(-1)]
  const wanted = Array.from({ length: (to - from) / BEAT + 1 }, (_, i) => from + i * BEAT)
  const isSame = (found: readonly Frames[]): boolean =>
    found.length === wanted.length && found.every((frame, i) => frame === wanted[i])
  const exact = from % BEAT === 0 && isSame(left) && isSame(right)
  console.log(`${seconds} s, ${instances} instances, ${rate} entries/s wanted, ${(entries / seconds).toFixed(0)} made`)
  console.log(`  captured                  ${(samples.length / 2 / SAMPLE_RATE).toFixed(1)} s`)
  console.log(`  impulses                  ${left.length} left, ${right.length} right, of ${wanted.length}`)
  console.log(`  every one in its place    ${exact ? 'yes' : 'NO'}`)
  console.log(`  underruns                 ${report.underruns}`)
  console.log(`  frames skipped            ${report.skippedFrames}`)
  console.log(`  frames given, captured    ${report.frames}, ${samples.length / 2}`)
  console.log(`  engine's processor time   ${((100 * engine) / seconds).toFixed(0)} % of one`)
  if (!exact || left.length < 2 * (seconds - 2) || report.underruns + report.skippedFrames > 0) process.exitCode = 1
}

/** Where it was late, from the first sample on, as the take has it. */
async function tellLate({ take, firstFrame }: SoundReport): Promise<void> {
  const seconds = (frames: Frames): string => (frames / SAMPLE_RATE).toFixed(2)
  for (const record of (await readTake(take)).records)
    if (record.kind === 'underrun' || record.kind === 'skip')
      console.log(`  ${record.kind} at ${seconds(record.frame - firstFrame)} s, ${seconds(record.frames)} s long`)
}
