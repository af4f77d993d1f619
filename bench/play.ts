/**
 * From a play's entry, asked for `now` with its archive here, until its first frame is heard:
 * `node --import tsx bench/play.ts [--plays 200] [--busy 0]`. A real node with a paced sink that keeps nothing. `--busy` is how many
 * entries a second it takes in from somebody else meanwhile.
 */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type EntryKey, jamIdOf, name as checkedName, SAMPLE_RATE } from '../lib/base/index.ts'
import { packageRoot } from '../lib/base/node/root.ts'
import { LOOK_AHEAD_FRAMES, readTake } from '../lib/engine/index.ts'
import { connectionsContract } from '../plugins/connections/index.ts'
import { feedsContract } from '../plugins/feeds/index.ts'
import { generatorsContract } from '../plugins/generators/index.ts'
import { jamsContract } from '../plugins/jams/index.ts'
import { soundContract } from '../plugins/sound/index.ts'
import { withNodes } from './gossip/nodes.ts'
import { quantile } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import { type Program, sounding, withProgram } from './kit/program.ts'

/** Plays come so far apart, at odd places of blocks and of the pump's turns. */
const LEAST_MILLIS = 60
const STEP_MILLIS = 7
const STEPS = 13

const { values } = parseArgs({
  options: { plays: { type: 'string', default: '200' }, busy: { type: 'string', default: '0' } },
})
const plays = Number(values.plays)
const busy = Number(values.busy)

interface Played {
  /** When its entry was made, in microseconds since 1970. */
  readonly comparable: number
  /** Milliseconds from the call until the node had it on disk. */
  readonly answered: number
}

async function playAll(node: Program): Promise<{ take: string; played: Map<EntryKey, Played> }> {
  const jam = jamIdOf(node.id, checkedName('plays'))
  const jams = node.ask(jamsContract)
  await node.ask(generatorsContract).authoring.publish({ folder: join(packageRoot(), 'fixtures/clapper') })
  await jams.jam.start({ name: 'plays', tempo: 112 })
  const { sound } = node.ask(soundContract)
  await sounding(node)
  const asked = new Map<EntryKey, number>()
  for (let i = 0; i < plays; i++) {
    await wait(LEAST_MILLIS + STEP_MILLIS * (i % STEPS))
    const began = performance.now()
    const { key } = await jams.perform.play({ jam, generator: 'clapper', as: `c${i}`, on: 'now', bars: 0.25 })
    asked.set(key, performance.now() - began)
  }
  const played = new Map<EntryKey, Played>()
  for await (const { key, comparable } of jams.jam.entries({ jam })) {
    const answered = asked.get(key)
    if (answered !== undefined) played.set(key, { comparable, answered })
  }
  await jams.jam.end({ jam, on: 'bar' })
  return { take: (await sound.finished()).take, played }
}

function show(what: string, all: readonly number[], unit: string): void {
  const [median, high, most] = [0.5, 0.99, 1].map((at) => quantile(all, at).toFixed(1))
  console.log(`  ${what.padEnd(62)} median ${median}, 99th percentile ${high}, at most ${most} ${unit}`)
}

await inFolder((folder) =>
  withNodes(folder, ['talker'], async ({ id, address, actor }) => {
    await withProgram({ home: join(folder, 'node'), sink: 'null' }, async (node) => {
      if (busy > 0) {
        await node.ask(feedsContract).feeds.follow({ player: id, on: true })
        await node.ask(connectionsContract).connections.connect({ address })
        await actor.ask('pour', busy)
      }
      const { take, played } = await playAll(node)
      if (busy > 0) await actor.ask('hush')
      await tell(take, played)
    })
  }),
)

async function tell(file: string, played: ReadonlyMap<EntryKey, Played>): Promise<void> {
  const { header, records } = await readTake(file)
  const started = records.filter((record) => record.kind === 'started')
  const delays = started.flatMap(({ key, frame }) => {
    const comparable = played.get(key)?.comparable
    return comparable === undefined ? [] : [(header.origin - comparable) / 1_000 + (frame * 1_000) / SAMPLE_RATE]
  })
  const ahead = (LOOK_AHEAD_FRAMES * 1_000) / SAMPLE_RATE
  console.log(`${plays} plays asked for now, ${busy} entries/s taken in meanwhile; the look-ahead is ${ahead} ms`)
  show('from the entry until its first frame is heard', delays, 'ms')
  show(
    'the same, beyond the look-ahead',
    delays.map((delay) => delay - ahead),
    'ms',
  )
  show(
    'until the entry is on disk and the call answered',
    [...played.values()].map(({ answered }) => answered),
    'ms',
  )
  const late = started.filter((record) => record.late !== undefined)
  console.log(`  ${late.length} started later than their entry says, ${plays - delays.length} not at all`)
}
