/**
 * The live coder's loop beside what plays: on a node with a paced sink and eight instances (drums, bass, chords, arp, twice) a pattern, then an
 * AssemblyScript module, are edited under `generator dev`, each save once the version before sounds; then a `bot` plays along.
 * `npm run build && node --import tsx bench/editing.ts [--edits 20]`. Printed of each part: underruns beside those of a still time as
 * long, the time from a save to the first frame, the processor's share of the node and of what was added.
 */
import { spawn } from 'node:child_process'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { packageRoot } from '../lib/base/node/root.ts'
import { generatorsContract } from '../plugins/generators/index.ts'
import { jamsContract } from '../plugins/jams/index.ts'
import { nodeContract } from '../plugins/node/index.ts'
import { soundContract } from '../plugins/sound/index.ts'
import { median } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import { processorOf } from './kit/proc.ts'
import { type Program, sounding, withProgram } from './kit/program.ts'

const { values } = parseArgs({ options: { edits: { type: 'string', default: '20' } } })
const edits = Number(values.edits)
/** A bar is 1.2 s. */
const TEMPO = 200
const SHIPPED = ['drums', 'bass', 'chords', 'arp']
const MARMALADE = join(packageRoot(), 'dist/bin/marmalade.js')

/** A folder to edit: which of its files, and what is put at its end by a save. */
const FOLDERS = [
  { name: 'groove', file: 'pattern.txt', edit: (n: number) => `# edit ${n}\n` },
  { name: 'bass', file: 'src/bass.ts', edit: (n: number) => `// edit ${n}\n` },
] as const

interface Seen {
  /** Underruns, and milliseconds of processor time of a process and what it started. */
  readonly underruns: number
  readonly node: number
}

async function looked(node: Program): Promise<Seen> {
  const { underruns } = await node.ask(soundContract).sound.status()
  return { underruns, node: processorOf((await node.ask(nodeContract).node.status()).pid) }
}

/** What came while something went on, and while as long a time nothing did. */
async function beside<T>(node: Program, what: string, work: () => Promise<T>): Promise<T> {
  const from = await looked(node)
  const began = performance.now()
  const result = await work()
  const millis = performance.now() - began
  const between = await looked(node)
  await wait(millis)
  const to = await looked(node)
  const share = (a: Seen, b: Seen): string => `${((b.node - a.node) / (millis / 100_000)).toFixed(0)} %`
  console.log(
    `${what}, ${(millis / 1_000).toFixed(0)} s: ${between.underruns - from.underruns} underruns, ${to.underruns - between.underruns} in as long after it;` +
      ` the node ${share(from, between)} of a core, ${share(between, to)} after it`,
  )
  return result
}

interface Told {
  readonly event: string
  readonly millis?: number
  readonly message?: string
}

/** Edits a folder, each time once the version before sounds; milliseconds from a save to the first frame, and of processor time. */
async function edited(home: string, folder: string, { file, edit }: (typeof FOLDERS)[number]): Promise<void> {
  const child = spawn(process.execPath, [MARMALADE, 'generator', 'dev', folder, '--json', '--home', home], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async (event: string): Promise<number> => {
    for (;;) {
      const line = (await lines.next()) as IteratorResult<string, undefined>
      if (line.done) throw new Error(`generator dev ended before ${event}`)
      const told = JSON.parse(line.value) as Told
      if (['fault', 'refused', 'failed', 'over'].includes(told.event)) throw new Error(line.value)
      if (told.event === event) return told.millis ?? 0
    }
  }
  await next('playing')
  const path = join(folder, file)
  const text = await readFile(path, 'utf8')
  const [built, heard] = [[] as number[], [] as number[]]
  const before = processorOf(child.pid ?? 0, 'ended')
  for (let n = 1; n <= edits; n++) {
    await writeFile(path, text + edit(n))
    built.push(await next('built'))
    heard.push(await next('playing'))
  }
  const each = (1_000 * (processorOf(child.pid ?? 0, 'ended') - before)) / edits
  console.log(
    `  ${edits} saves: built in ${median(built).toFixed(0)} ms, first frame after ${median(heard).toFixed(0)} ms, at most ${Math.max(...heard).toFixed(0)} (medians);` +
      ` ${each.toFixed(0)} ms of processor time each`,
  )
  child.stdin.end('q')
  await new Promise((resolve) => child.once('exit', resolve))
}

async function botBeside(home: string): Promise<void> {
  const child = spawn(process.execPath, [MARMALADE, 'bot', '--home', home], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const [before, began] = [processorOf(child.pid ?? 0), performance.now()]
  await wait(20_000)
  const share = (processorOf(child.pid ?? 0) - before) / ((performance.now() - began) / 100_000)
  console.log(`  the bot's own node: ${share.toFixed(0)} % of a core`)
  child.kill('SIGINT')
  await new Promise((resolve) => child.once('exit', resolve))
}

await inFolder(async (root) => {
  const home = join(root, 'node')
  await withProgram({ home, sink: 'null' }, async (node) => {
    const { jam, perform } = node.ask(jamsContract)
    await jam.start({ name: 'editing', tempo: TEMPO })
    await sounding(node)
    for (const name of SHIPPED) {
      const folder = join(packageRoot(), 'fixtures/generators', name)
      await node.ask(generatorsContract).authoring.publish({ folder })
      for (const as of [`${name}-1`, `${name}-2`]) await perform.play({ generator: name, as, on: 'beat' })
    }
    await wait(3_000)
    for (const one of FOLDERS) {
      const folder = join(root, one.name)
      await cp(join(packageRoot(), 'fixtures/generators', one.name), folder, { recursive: true })
      await beside(node, `${one.name} edited`, () => edited(home, folder, one))
    }
    await beside(node, 'a bot', () => botBeside(home))
  })
})
