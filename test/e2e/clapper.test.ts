import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jamsContract } from '../../plugins/jams/index.ts'
import { fixture } from '../helpers/generators.ts'
import { meet, startJam, withNodes, type Nodes } from '../helpers/program-nodes.ts'
import { replayed } from '../helpers/programs.ts'
import { nothingLate } from '../helpers/small-jam.ts'
import { framesAbove, recordingOf, type Recording } from '../helpers/wavs.ts'

/** Beats a minute, before and after the change: neither has a whole number of frames to the beat. */
const TEMPO = 168
const LATER = 227
const BEATS = 4
const AHEAD = 5

/** Bars of the jam, counted from 0. */
interface Shape {
  /** Both start. */
  readonly from: number
  /** The tempo changes. */
  readonly change: number
  readonly end: number
}

withNodes(
  "a stranger's clapper sounds on the exact frames, live on both nodes and in both replays",
  async (t, nodes) => {
    const [ada, ben] = await Promise.all([nodes.start('ada'), nodes.start('ben')])
    await ada.publish(fixture('clapper'))
    await ben.publish(await clapperInC(nodes))
    await meet(ada, ben)
    const jam = await startJam('claps', TEMPO, ada, ben)
    const now = await ada.bar(jam)
    const shape: Shape = { from: now + AHEAD - 1, change: now + AHEAD + 2, end: now + AHEAD + 6 }
    // Each on a side of its own.
    await ada.play(jam, 'clapper', shape.from + 1, { params: { pan: -1 } })
    await ben.play(jam, 'clapper-c', shape.from + 1, { params: { pan: 1 } })
    await ada.ask(jamsContract).jam.tempo({ jam, tempo: LATER, on: String(shape.change + 1) })
    await ada.ask(jamsContract).jam.end({ jam, on: String(shape.end + 1) })
    const reports = await Promise.all([ada.finished(), ben.finished()])
    await Promise.all([ada.stop(), ben.stop()])

    const heard: [string, Recording][] = []
    for (const [at, node] of [ada, ben].entries()) {
      const report = reports[at]!
      await nothingLate(t, node.name, report)
      heard.push([`live at ${node.name}'s`, recordingOf(node.live, report.firstFrame)])
      const { file, firstFrame } = await replayed(node.home, 'claps', await nodes.place(`${node.name}-replay.wav`))
      heard.push([`replayed from ${node.name}'s home`, recordingOf(file, firstFrame)])
    }
    const frames = framesOf(shape)
    t.ok(frames.length > 25, `${frames.length} beats`)
    for (const [where, recording] of heard) {
      t.deepEqual(framesAbove(recording, 0.2, 'left'), frames, `Ada's, from WAT, ${where}`)
      t.deepEqual(framesAbove(recording, 0.2, 'right'), frames, `Ben's, from C, ${where}`)
    }
    t.equal(heard[1]![1].sha256, heard[3]![1].sha256)
  },
)

/**
 * The first frame at or after each beat from start to end. Without the very first, on which the instances start: the mix
 * fades them in over 240 frames from there, so it is as good as silent. With the very last, on which they end: they run
 * on while they are faded out from there (ENGINE-1 section 6).
 */
function framesOf({ from, change, end }: Shape): number[] {
  const perBeat = (tempo: number): number => (48_000 * 60) / tempo
  const frames: number[] = []
  for (let beat = from * BEATS + 1; beat <= end * BEATS; beat++) {
    const before = Math.min(beat, change * BEATS)
    const exact = before * perBeat(TEMPO) + (beat - before) * perBeat(LATER)
    frames.push(Math.ceil(exact - 1e-6))
  }
  return frames
}

/** The same from C, published by another. */
async function clapperInC(nodes: Nodes): Promise<string> {
  const folder = await nodes.place('clapper-c')
  await mkdir(folder)
  await cp(fixture('clapper', 'clapper-c.wasm'), join(folder, 'clapper-c.wasm'))
  const manifest = JSON.parse(await readFile(fixture('clapper', 'generator.json'), 'utf8')) as object
  const changed = { ...manifest, name: 'clapper-c', entry: 'clapper-c.wasm' }
  await writeFile(join(folder, 'generator.json'), JSON.stringify(changed))
  return folder
}
