/**
 * What of a process generator's sound is missing at its start, live: `node --import tsx bench/process-starts.ts [--plays 20] [--on bar]`.
 * A real node with a paced sink that keeps nothing, and bubblewrap. Three programs, one after the other, so many plays of each, asked for
 * at odd places of a bar: a shell, Python, and one that is compiled first. What is missing is counted in what the take kept.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { jamIdOf, name as checkedName, SAMPLE_RATE } from '../lib/base/index.ts'
import { readTake } from '../lib/engine/index.ts'
import { pcmFolderOf } from '../lib/engine/processes.ts'
import { readKept } from '../lib/generators/process/node/freeze.ts'
import { generatorsContract } from '../plugins/generators/index.ts'
import { jamsContract } from '../plugins/jams/index.ts'
import { soundContract } from '../plugins/sound/index.ts'
import { quantile } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import { type Program, sounding, withProgram } from './kit/program.ts'

const { values } = parseArgs({
  options: { plays: { type: 'string', default: '20' }, on: { type: 'string', default: 'bar' } },
})
const plays = Number(values.plays)

/** Beats a minute: a bar lasts 2 s. */
const TEMPO = 120
const BAR_MILLIS = 2_000
const STEP_MILLIS = 151
const STEPS = 13

/** Programs that give sound, none of it silent, from their first frame on. */
const PROGRAMS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shell: { run: "#!/bin/sh\nexec tr '\\0' '@' </dev/zero\n" },
  python: { run: "#!/usr/bin/python3\nimport os\nwhile True: os.write(1, b'@' * 4096)\n" },
  compiled: {
    run: '#!/bin/sh\ncc -O2 -o tone tone.c && exec ./tone\n',
    'tone.c': '#include <stdio.h>\nint main(void) { while (putchar(64) >= 0); }\n',
  },
}

async function publish(node: Program, folder: string): Promise<void> {
  for (const [kind, files] of Object.entries(PROGRAMS)) {
    const own = join(folder, kind)
    await mkdir(own)
    const manifest = { name: kind, runtime: 'process', entry: 'run', format: 's16le' }
    for (const [file, text] of Object.entries({ ...files, 'generator.json': JSON.stringify(manifest) }))
      await writeFile(join(own, file), text)
    await chmod(join(own, 'run'), 0o755)
    await node.ask(generatorsContract).authoring.publish({ folder: own })
  }
}

/** Plays each as often as asked for, and gives the file of the take. */
async function playAll(node: Program): Promise<string> {
  const jam = jamIdOf(node.id, checkedName('starts'))
  const jams = node.ask(jamsContract)
  await jams.jam.start({ name: 'starts', tempo: TEMPO })
  const { sound } = node.ask(soundContract)
  await sounding(node)
  // The first of each, during which archives are prepared, is not counted.
  for (let i = 0; i <= plays; i++) {
    for (const kind of Object.keys(PROGRAMS)) {
      await jams.perform.play({ jam, generator: kind, as: `${kind}-${i}`, on: values.on, bars: 0.25 })
      await wait(BAR_MILLIS + STEP_MILLIS * (i % STEPS))
    }
  }
  await wait(BAR_MILLIS)
  await jams.jam.end({ jam, on: 'bar' })
  return (await sound.finished()).take
}

async function tell(take: string): Promise<void> {
  const { records } = await readTake(take)
  console.log(`${plays} plays of each, asked for the next ${values.on}; what is missing at their starts:`)
  for (const kind of Object.keys(PROGRAMS)) {
    const missing: number[] = []
    const seen = new Set<string>()
    for (const record of records) {
      if (record.kind !== 'pcm' || !record.path.includes(`/${kind}/`) || seen.has(record.path)) continue
      if (record.path.endsWith('-0')) continue
      seen.add(record.path)
      const samples = await readKept(pcmFolderOf(take), record)
      const first = samples.findIndex((sample) => sample !== 0)
      missing.push(first < 0 ? record.frames : Math.floor(first / 2))
    }
    const shown = [0.5, 0.9, 1].map((at) => {
      const frames = quantile(missing, at)
      return `${Math.round(frames)} frames (${((frames * 1_000) / SAMPLE_RATE).toFixed(1)} ms)`
    })
    console.log(
      `  ${kind.padEnd(9)} median ${shown[0]}, nine in ten at most ${shown[1]}, all ${shown[2]}; ${missing.length} heard`,
    )
  }
}

await inFolder((folder) =>
  withProgram({ home: join(folder, 'node'), sink: 'null' }, async (node) => {
    await publish(node, folder)
    await tell(await playAll(node))
  }),
)
