import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { appendFile, cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { fixture } from '../helpers/generators.ts'
import { e2e, instanceNames, startJam, type TestNode } from '../helpers/node-kit.ts'
import { asked, PROGRAM, type ReplayOutput } from '../helpers/programs.ts'
import { eventually } from '../helpers/until.ts'

/** `generator dev`, as it is run in a pipe. */
class Dev {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>
  readonly said: string[] = []

  constructor(node: TestNode, folder: string, ...more: readonly string[]) {
    const args = [PROGRAM, 'generator', 'dev', folder, '--home', node.node.home.path, ...more]
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  /** The next line that is so, from what was said after the one before. */
  async says(what: RegExp): Promise<string> {
    for (;;) {
      const line: IteratorResult<string, unknown> = await this.#lines.next()
      if (line.done === true) throw new Error(`it ended before ${what}: ${this.said.join(' | ')}`)
      this.said.push(line.value)
      if (what.test(line.value)) return line.value
    }
  }

  press(key: string): void {
    this.#child.stdin.write(key)
  }

  /** Gives the exit code. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode
    return new Promise((resolve) => this.#child.once('exit', resolve))
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

const SKETCH = /~/
const names = (node: TestNode) => node.sound().then(instanceNames)

e2e('a pattern is heard while it is written, and everybody hears it when it is published', async (t, kit) => {
  const place = await kit.folder()
  const folder = join(place, 'groove')
  await cp(fixture('generators', 'groove'), folder, { recursive: true })
  const text = join(folder, 'pattern.txt')
  const ada = await kit.node()
  const jam = await startJam('friday', ada)
  await ada.ask(jamsContract).jam.tempo({ tempo: 300, on: 'bar' })
  const dev = kit.add(new Dev(ada, folder), (it) => it.kill())

  await dev.says(/^groove in friday: you alone hear it/)
  await dev.says(/^playing from bar \d+: [\d.]+ ms a second of sound, peak -[\d.]+ dBFS$/)
  await appendFile(text, '# edited\n')
  await dev.says(/^reloaded at bar \d+: /)
  const good = await readFile(text, 'utf8')
  await writeFile(text, good.replace('kick    x...', 'kick    y...'))
  await dev.says(/^pattern\.txt:2:9: /)
  await dev.says(/^the version before goes on$/)
  t.ok(
    (await names(ada)).some((name) => SKETCH.test(name)),
    'and is heard',
  )
  dev.press('p')
  await dev.says(/^not published: /)
  await writeFile(text, `${good}# mended\n`)
  await dev.says(/^reloaded at bar \d+: /)
  t.deepEqual((await ada.ask(jamsContract).jam.show({})).instances, [], 'nothing of it is in the jam')

  dev.press('p')
  const heard = await dev.says(/^published, and played as groove: .*from bar \d+$/)
  t.ok(heard)
  await ada.sounds('the published one alone', (seen) => instanceNames(seen).join() === 'groove')
  await appendFile(text, '# one more\n')
  await dev.says(/^reloaded at bar \d+: /)
  const muted = async () => (await ada.ask(soundContract).mix.settings()).map(({ mute }) => mute)
  t.deepEqual(await muted(), [true], 'the published one is silent here while another is tried')
  dev.press('q')
  t.equal(await dev.ended(), 0)
  await eventually('heard again when that ends', muted, ({ length }) => length === 0)
  const other = kit.add(new Dev(ada, folder), (it) => it.kill())
  await other.says(/^playing from bar \d+: /)
  t.deepEqual(await muted(), [true], 'and silent while it is tried again')
  other.kill()
  await eventually('heard again where that is killed', muted, ({ length }) => length === 0)
  await ada.sounds('alone', (seen) => instanceNames(seen).join() === 'groove')

  await ada.ask(jamsContract).jam.end({ on: 'now' })
  const { samplesSha256 } = await ada.ask(soundContract).sound.finished()
  const takes = (await readdir(ada.node.home.takes, { recursive: true })).filter((file) => file.endsWith('.take'))
  const again = await asked<ReplayOutput>(
    ['replay', jam, '--take', join(ada.node.home.takes, takes[0] ?? ''), '--out', join(place, 'again.wav')],
    { home: ada.node.home.path },
  )
  t.equal(again.samplesSha256, samplesSha256, 'the take gives every sample of it again')
})

const PING = {
  json: { name: 'ping', runtime: 'wasm', entry: 'ping.wasm', params: [], tags: [] },
  source: `import { begin, sine, turn, write, GO_ON } from 'marmalade'
export { mm_abi, mm_output } from 'marmalade'
let phase: f64 = 0
const state: StaticArray<f64> = [0, 0]
export function mm_state(length: i32): i32 {
  return length == 16 ? <i32>changetype<usize>(state) : 0
}
export function mm_save(): i32 {
  state[0] = 1
  state[1] = phase
  return 16
}
export function mm_load(length: i32): i32 {
  if (state[0] != 1) return 1
  phase = state[1]
  return 0
}
export function mm_init(sampleRate: f32, maxFrames: i32, seedLo: i32, seedHi: i32): i32 {
  begin(sampleRate, maxFrames)
  return 0
}
export function mm_process(frames: i32, frame: f64, beat: f64, beatsPerFrame: f64, bar: f64, startBeat: f64): i32 {
  for (let i = 0; i < frames; i++) {
    phase = turn(phase, 0.01)
    write(i, sine(phase) * 0.3, sine(phase) * 0.3)
  }
  return GO_ON
}
`,
}

e2e('what the compiler says is said with file and line, and the first good version begins', async (t, kit) => {
  const folder = await kit.folder()
  await mkdir(join(folder, 'src'))
  await writeFile(join(folder, 'generator.json'), JSON.stringify(PING.json))
  const source = join(folder, 'src', 'ping.ts')
  await writeFile(source, PING.source.replace('phase = turn(phase, 0.01)', 'phase = turn(phase, "x")'))
  const ada = await kit.node()
  await startJam('friday', ada)
  await ada.ask(jamsContract).jam.tempo({ tempo: 300, on: 'bar' })
  const dev = kit.add(new Dev(ada, folder, '--json', '--as', 'beep'), (it) => it.kill())
  const fault = JSON.parse(await dev.says(/"event":"fault"/)) as Record<string, unknown>
  t.deepEqual([fault['file'], fault['line']], ['src/ping.ts', 24])
  await writeFile(source, PING.source)
  const playing = JSON.parse(await dev.says(/"event":"playing"/)) as Record<string, unknown>
  t.equal(playing['version'], 1)
  t.ok(Number(playing['peak']) > 0.2)
  t.deepEqual(await names(ada), ['beep~1'])
  await writeFile(source, PING.source.replaceAll('0.3', '0.2'))
  const next = JSON.parse(await dev.says(/"event":"playing"/)) as Record<string, unknown>
  t.deepEqual([next['version'], next['carried']], [2, true], 'the next goes on from its state')
  dev.press('q')
  t.equal(await dev.ended(), 0)
  await ada.sounds('it ends', ({ instances }) => instances.length === 0)
})
