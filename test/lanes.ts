/**
 * Runs all tests, in four lanes beside each other, and prints one TAP stream. Tests with whole nodes, in two lanes, wait
 * for music and sockets half of their time, the others for disks and children a third of theirs.
 *
 *     npm test                        # everything
 *     npm test -- test/store          # only the files whose path holds one of the words, in one lane
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
const lanes =
  words.length > 0
    ? [files.filter((file) => words.some((word) => relative(ROOT, join(HERE, file)).includes(word)))]
    : [...dealt(files.filter((file) => !startsNodes(file))), ...dealt(files.filter(startsNodes))]

function folderOf(file: string): string {
  return file.split(sep)[0] ?? ''
}

function startsNodes(file: string): boolean {
  return NODES.includes(folderOf(file))
}

/** Files dealt out to two lanes, so that long ones beside each other in the alphabet part. */
function dealt(dealing: readonly string[]): string[][] {
  return [0, 1].map((lane) => dealing.filter((_file, at) => at % 2 === lane))
}

let number = 0
const counts: Counts = { passed: 0, failed: 0 }

/** One lane in a process of its own; `print` takes its lines, numbered anew over all lanes. Resolves to its exit code. */
async function run(lane: readonly string[], print: (line: string) => void): Promise<number> {
  const loader = ENDING.endsWith('.ts') ? ['--import', 'tsx'] : []
  const tape = join(ROOT, 'node_modules/tape/bin/tape')
  const paths = lane.map((file) => join(HERE, file))
  const child = spawn(process.execPath, [...loader, tape, '--strict', ...paths], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const began = performance.now()
  let planned = false
  for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) {
    planned ||= /^1\.\.\d+$/.test(line)
    if (!isFrame(line)) print(line)
  }
  const code = child.exitCode ?? (await new Promise<number>((done) => child.once('exit', (exit) => done(exit ?? 1))))
  print(`# a lane of ${lane.length} files took ${Math.round((performance.now() - began) / 1_000)} s`)
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

console.log('TAP version 13')
const [first, ...others] = lanes
const waiting: string[][] = others.map(() => [])
const codes = await Promise.all([
  run(first ?? [], printNumbered),
  ...others.map((lane, index) => run(lane, (line) => waiting[index]?.push(line))),
])
for (const line of waiting.flat()) printNumbered(line)
console.log(`\n1..${number}\n# tests ${number}\n# pass  ${counts.passed}`)
if (counts.failed > 0) console.log(`# fail  ${counts.failed}`)
else console.log('\n# ok')
process.exitCode = codes.find((code) => code !== 0) ?? 0
