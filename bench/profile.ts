/**
 * Where the time of a profile goes, by file and by function: `node --import tsx bench/profile.ts FILE.cpuprofile [ROWS]`.
 * Profiles are made by `--profile FOLDER` of any bench.
 */
import { readFileSync } from 'node:fs'

interface Frame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame; readonly children?: readonly number[] }[]
  readonly samples: readonly number[]
  /** Microseconds from the sample before to each. */
  readonly timeDeltas: readonly number[]
}

const [, , file = '', rows = '25'] = process.argv
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile
const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
const byPart = new Map<string, number>()
const byFile = new Map<string, number>()
const byFunction = new Map<string, number>()
let busy = 0

/** `lib/store/rows.ts`, or the package, or what the engine itself calls it. */
function placeOf({ url, functionName }: Frame): string {
  if (url === '') return functionName
  const [, module] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  if (module !== undefined) return module
  const [, own] = /\/((?:lib|plugins|bench|bin)\/.*)$/.exec(url) ?? []
  return own ?? url
}

/** The file of the project nearest above a frame: who made a package or the engine work. */
function chargedTo(id: number): string {
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const frame = frames.get(at)
    const place = frame ? placeOf(frame) : ''
    if (/^(lib|plugins|bench|bin)\//.test(place)) return place
  }
  return placeOf(frames.get(id) ?? { functionName: '', url: '', lineNumber: 0 })
}

samples.forEach((id, at) => {
  const frame = frames.get(id)
  if (!frame || frame.functionName === '(idle)') return
  const time = timeDeltas[at] ?? 0
  busy += time
  const place = placeOf(frame)
  const part = chargedTo(id)
  byPart.set(part, (byPart.get(part) ?? 0) + time)
  byFile.set(place, (byFile.get(place) ?? 0) + time)
  const called = `${frame.functionName || '(anonymous)'} ${place}:${frame.lineNumber + 1}`
  byFunction.set(called, (byFunction.get(called) ?? 0) + time)
})

function show(title: string, times: ReadonlyMap<string, number>): void {
  console.log(`\n${title}`)
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, Number(rows))
  for (const [what, time] of sorted)
    console.log(
      `  ${((time / busy) * 100).toFixed(1).padStart(5)} %  ${(time / 1_000).toFixed(0).padStart(7)} ms  ${what}`,
    )
}
console.log(`${(busy / 1_000).toFixed(0)} ms busy`)
show('by file of ours, with what it calls in packages and in Node', byPart)
show('by file', byFile)
show('by function', byFunction)
