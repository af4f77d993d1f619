import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tape'
import { isListening } from '../../lib/host/index.ts'
import { homeAt } from '../../lib/store/index.ts'
import { fixture } from '../helpers/generators.ts'
import { withNodes, type Nodes } from '../helpers/program-nodes.ts'
import { asked, marmalade, PROGRAM } from '../helpers/programs.ts'
import { compare, peakOf, recordingOf } from '../helpers/wavs.ts'

/** A file with what `demo --json` printed, where the whole demo has just been run; else a short tune is played here. */
const GIVEN = process.env['MARMALADE_DEMO_RESULT']
const SHORT = fixture('demo-short.json')
const LINE_MILLIS = 60_000

interface Shown {
  readonly player: string
  readonly file: string
  readonly sha256: string
  readonly seconds: number
  readonly peak: number
  readonly firstFrame: number
}
interface Result {
  readonly homes: Readonly<Record<string, string>>
  readonly identities: Readonly<Record<string, string>>
  readonly jam: string
  readonly live: readonly (Shown & { readonly faults: readonly unknown[] })[]
  readonly replays: readonly (Shown & { readonly scoreHash: string })[]
  readonly scoreHash: string
  readonly agree: boolean
}

withNodes('the demo says what it made, and all of it is so', async (t, nodes) => {
  const result = GIVEN === undefined ? await played(nodes) : (JSON.parse(readFileSync(GIVEN, 'utf8')) as Result)
  const { homes, identities, jam, live, replays, scoreHash, agree } = result
  for (const who of ['ada', 'ben']) {
    t.ok(existsSync(join(homes[who] ?? '', 'secret')), `${who}'s home is there`)
    t.match(identities[who] ?? '', /^@[A-Za-z0-9+/]{43}=\.ed25519$/)
  }
  t.ok(jam.startsWith(`${identities['ada'] ?? ''}:`))
  t.match(scoreHash, /^[0-9a-f]{64}$/)
  t.equal(agree, true, 'it says that all agrees')
  t.deepEqual(
    [...live, ...replays].map(({ player }) => player),
    ['ada', 'ben', 'ada', 'ben'],
  )
  for (const { player, file, sha256, seconds, peak, firstFrame } of [...live, ...replays]) {
    const recording = recordingOf(file, firstFrame)
    const what = `${file.slice(file.lastIndexOf('/') + 1)} of ${player}`
    t.equal(recording.sha256, sha256, `${what}: SHA-256`)
    t.equal(recording.frames / 48_000, seconds, `${what}: ${seconds} s`)
    t.equal(peakOf(recording), peak, `${what}: peak`)
    t.ok(peak > 0.25 && peak < 0.9, `${what}: neither quiet nor clipping`)
  }
  t.equal(replays[0]?.sha256, replays[1]?.sha256, 'both homes replay one file')
  t.deepEqual(
    replays.map((replayed) => replayed.scoreHash),
    [scoreHash, scoreHash],
  )
  for (const [at, { player, file, firstFrame, faults }] of live.entries()) {
    const { file: replayed = '', firstFrame: first = 0 } = replays[at] ?? {}
    const { from, to, differing } = compare(recordingOf(file, firstFrame), recordingOf(replayed, first))
    t.ok(to - from > 5 * 48_000, `${player}: ${to - from} frames in both`)
    if (faults.length === 0) t.equal(differing, 0, `${player} heard the score`)
    else t.comment(`${player}: ${differing} frames differ: ${JSON.stringify(faults)}`)
  }
})

async function played(nodes: Nodes): Promise<Result> {
  return asked<Result>(['demo', '--out', await nodes.place('demo'), '--plan', SHORT])
}

withNodes('a folder that is not empty, or a plan that is none, is refused before anything starts', async (t, nodes) => {
  const used = await marmalade(['demo', '--out', fixture('clapper')])
  t.equal(used.code, 2)
  t.match(used.stderr, /^marmalade: [^\n]*not empty[^\n]*\(USAGE\)\n$/)
  const none = await marmalade(['demo', '--out', await nodes.place('none'), '--plan', fixture('clapper', 'clapper.c')])
  t.equal(none.code, 2)
  t.match(none.stderr, /^marmalade: [^\n]*is no plan of a demo[^\n]*\(USAGE\)\n$/)
  t.notOk(existsSync(await nodes.place('none')))
})

withNodes('Ctrl-C while the tune plays ends both nodes, and says so', async (t, nodes) => {
  const demo = await Running.start(nodes, 'stopped')
  await demo.says('The tune begins')
  t.equal(await demo.interrupt(), 1)
  t.match(demo.stderr, /^marmalade: the demo was stopped[^\n]*\(CANCELLED\)\n$/)
  await nobodyLeft(t, demo)
})

withNodes("demo --stay leaves Ben's node playing and hands Ada's over, until Ctrl-C", async (t, nodes) => {
  const demo = await Running.start(nodes, 'stay', '--stay')
  await demo.says('Your turn')
  const home = join(demo.folder, 'ada')
  const shown = await asked<{ instances: { player: string; instance: string }[] }>(['jam', 'show'], { home })
  t.deepEqual(shown.instances.map(({ instance }) => instance).sort(), ['arp', 'bass', 'chords', 'drums'])
  const set = await asked<{ key: string }>(['tag', 'set', 'context', 'break'], { home })
  t.match(set.key, /^%/, 'who stays plays as Ada')
  t.equal(await demo.interrupt(), 0)
  t.equal(demo.stderr, '')
  await nobodyLeft(t, demo)
})

async function nobodyLeft(t: Test, { folder, group }: Running): Promise<void> {
  for (const who of ['ada', 'ben'])
    t.equal(await isListening(homeAt(join(folder, who)).socket), false, `${who}'s node has gone`)
  t.throws(() => process.kill(-group, 0), /ESRCH/, 'no process of the demo is left')
}

/** A demo in a process group of its own, as a terminal has it. */
class Running {
  readonly folder: string
  stderr = ''
  readonly #child: ChildProcess
  readonly #ended: Promise<number>
  readonly #lines: string[] = []
  readonly #waiting = new Set<() => void>()

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child
    this.folder = folder
    this.#ended = new Promise((resolve) => child.once('close', (code) => resolve(code ?? NaN)))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.#lines.push(line)
      for (const look of this.#waiting) look()
    })
  }

  static async start(nodes: Nodes, name: string, ...more: readonly string[]): Promise<Running> {
    const folder = await nodes.place(name)
    const args = [PROGRAM, 'demo', '--out', folder, '--plan', SHORT, ...more]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const running = new Running(child, folder)
    nodes.add(running, (it) => it.kill())
    return running
  }

  get group(): number {
    return this.#child.pid ?? 0
  }

  /** Waits for a line that has these words. */
  async says(words: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => settle(new Error(`it never said ${words}`)), LINE_MILLIS)
      const settle = (error?: Error): void => {
        clearTimeout(late)
        this.#waiting.delete(look)
        if (error) reject(error)
        else resolve()
      }
      const look = (): void => {
        if (this.#lines.some((line) => line.includes(words))) settle()
      }
      this.#waiting.add(look)
      void this.#ended.then(() => settle(new Error(`it ended before it said ${words}: ${this.stderr}`)))
      look()
    })
  }

  /** What Ctrl-C does in a terminal: every process of the group gets SIGINT. Gives the exit code. */
  async interrupt(): Promise<number> {
    process.kill(-this.group, 'SIGINT')
    return this.#ended
  }

  async kill(): Promise<void> {
    try {
      process.kill(-this.group, 'SIGKILL')
    } catch {
      // It has ended.
    }
    await this.#ended
  }
}
