/**
 * Runs all tests, a few files at a time in four processes beside each other, and prints one TAP stream. Tests with whole
 * nodes wait for music and sockets half of their time, the others for disks and children a third of theirs: two processes
 * begin with the ones, two with the others, and whoever is done helps with what is left.
 *
 * Folders whose tests start processes and threads of their own are run from what was just built: each of those would
 * compile the program anew, which took half of their time. So are those that render for long. All others are run from source.
 *
 *     npm test                        # everything
 *     npm test -- test/store          # only the files whose path holds one of the words, one after another
 *     WITHOUT=sim,prop npm test       # all but those folders
 */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { packageRoot } from '../lib/base/node/root.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ENDING = import.meta.url.endsWith('.ts') ? '.test.ts' : '.test.js'
const ROOT = packageRoot()
/** Folders whose tests start whole nodes. */
const NODES = ['e2e', 'plugins']
/** Folders whose tests take longest: each file by itself, before all others. */
const LONG = ['prop', 'sim']
/** Folders whose tests start processes and threads, or render for long, which are run from what is built. */
const BUILT = ['bundle', 'cli', 'e2e', 'engine', 'fixtures', 'independent', 'mix', 'plugins', 'sink']
/** Files that one process runs, where each starts whole nodes and where none does: starting takes half a second. */
const AT_A_TIME = { nodes: 3, others: 8 }
/** How long a batch may take on a busy machine (three minutes are the most on a quiet one): what hangs is ended, and shown with what it printed. */
const PATIENCE_MILLIS = 720_000

interface Counts {
  passed: number
  failed: number
}

/** Folders that are left out. */
const WITHOUT = (process.env['WITHOUT'] ?? '').split(',')

const files = readdirSync(HERE, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith(ENDING) && !WITHOUT.includes(folderOf(file)))
  .sort()
const words = process.argv.slice(2)
const chosen = files.filter((file) => words.some((word) => relative(ROOT, join(HERE, file)).includes(word)))

function folderOf(file: string): string {
  return file.split(sep)[0] ?? ''
}

function startsNodes(file: string): boolean {
  return NODES.includes(folderOf(file))
}

function batches(from: readonly string[], most: number): string[][] {
  const all: string[][] = []
  for (let at = 0; at < from.length; at += most) all.push(from.slice(at, at + most))
  return all
}

/** The batches of both kinds; a lane takes its own kind's next one, and the other kind's where there is none. */
function dealt(): { readonly nodes: string[][]; readonly others: string[][] } {
  const others = files.filter((file) => !startsNodes(file))
  const long = others.filter((file) => LONG.includes(folderOf(file)))
  const short = others.filter((file) => !LONG.includes(folderOf(file)))
  return {
    nodes: batches(files.filter(startsNodes), AT_A_TIME.nodes),
    others: [
      ...batches(long, 1),
      ...batches(short.filter(isBuilt), AT_A_TIME.others),
      ...batches(
        short.filter((file) => !isBuilt(file)),
        AT_A_TIME.others,
      ),
    ],
  }
}

function isBuilt(file: string): boolean {
  return ENDING === '.test.js' || BUILT.includes(folderOf(file))
}

/** Where the file of a test lies that is run. */
function moduleOf(file: string): string {
  return isBuilt(file) && ENDING === '.test.ts' ? join(ROOT, 'dist/test', file.replace(/ts$/, 'js')) : join(HERE, file)
}

let number = 0
const counts: Counts = { passed: 0, failed: 0 }

/** A batch in a process of its own; `print` takes its lines, numbered anew over all. Resolves to its exit code. */
async function run(batch: readonly string[], print: (line: string) => void): Promise<number> {
  const paths = batch.map(moduleOf)
  const loader = paths.some((path) => path.endsWith('.ts')) ? ['--import', 'tsx'] : []
  const tape = join(ROOT, 'node_modules/tape/bin/tape')
  const child = spawn(process.execPath, [...loader, tape, '--strict', ...paths], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: PATIENCE_MILLIS,
    killSignal: 'SIGKILL',
  })
  const exited = new Promise<number>((done) => child.once('exit', (exit) => done(exit ?? 1)))
  let planned = false
  for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) {
    planned ||= /^1\.\.\d+$/.test(line)
    if (!isFrame(line)) print(line)
  }
  const code = await exited
  if (planned) return code
  print('not ok 0 the tests broke off before their end')
  return code === 0 ? 1 : code
}

/** What tape prints around a run, which stands once for all lanes. */
function isFrame(line: string): boolean {
  return /^(TAP version \d+|1\.\.\d+|# (tests|pass|fail) +\d+|# ok)$/.test(line)
}

function printNumbered(line: string): void {
  const result = /^(not ok|ok) \d+(.*)$/.exec(line)
  if (!result) {
    console.log(line)
    return
  }
  const [, verdict, text] = result
  if (verdict === 'ok') counts.passed++
  else counts.failed++
  console.log(`${verdict} ${++number}${text}`)
}

/** Takes batches until there are none; what each prints stays together. Resolves to the codes that it ended with. */
async function lane(own: string[][], others: string[][]): Promise<number[]> {
  const codes: number[] = []
  for (let batch = own.shift() ?? others.shift(); batch; batch = own.shift() ?? others.shift()) {
    const lines: string[] = []
    const began = performance.now()
    codes.push(await run(batch, (line) => lines.push(line)))
    for (const line of lines) printNumbered(line)
    console.log(`# ${batch.join(' ')} took ${Math.round((performance.now() - began) / 1_000)} s`)
  }
  return codes
}

console.log('TAP version 13')
const { nodes, others } = dealt()
const codes =
  words.length > 0
    ? [await run(chosen, printNumbered)]
    : (await Promise.all([lane(nodes, others), lane(nodes, others), lane(others, nodes), lane(others, nodes)])).flat()
console.log(`\n1..${number}\n# tests ${number}\n# pass  ${counts.passed}`)
if (counts.failed > 0) console.log(`# fail  ${counts.failed}`)
else console.log('\n# ok')
process.exitCode = codes.find((code) => code !== 0) ?? 0
