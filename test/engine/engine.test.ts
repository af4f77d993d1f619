import { fork, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type Test } from 'tape'
import { refOf } from '../../lib/base/index.ts'
import { systemClock } from '../../lib/base/node/clock.ts'
import { loaderFor, siblingModule } from '../../lib/base/node/thread.ts'
import { Engine, type FromEngine, type SessionInit } from '../../lib/engine/index.ts'
import { parseTake } from '../../lib/jam/index.ts'
import { readWavHeader } from '../../lib/mix/index.ts'
import { codeOf, Teardown } from '../helpers/hosts.ts'
import { ADA, archiveNamed, BEN, JAM } from '../helpers/jams.ts'
import { sines, smallJam, wavOf } from '../helpers/sessions.ts'

type Message<K extends FromEngine['kind']> = Extract<FromEngine, { kind: K }>

/** What an engine says, and what to wait for in it. */
class Heard {
  readonly messages: FromEngine[] = []
  readonly #waiting = new Set<() => void>()

  readonly take = (message: FromEngine): void => {
    this.messages.push(message)
    for (const look of this.#waiting) look()
  }
  until<K extends FromEngine['kind']>(
    kind: K,
    right: (message: Message<K>) => boolean = () => true,
  ): Promise<Message<K>> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.messages.find((m): m is Message<K> => m.kind === kind && right(m as Message<K>))
        if (!found) return
        this.#waiting.delete(look)
        resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }
}

class EngineKit extends Teardown {
  readonly heard = new Heard()
  wav = ''
  takeFile = ''

  /** A jam that goes on from now for hours, its archives beside it. */
  async session(more: Partial<SessionInit> = {}): Promise<SessionInit> {
    const folder = await this.folder()
    this.wav = join(folder, 'live.wav')
    this.takeFile = join(folder, 'a.take')
    const archives: { archive: ReturnType<typeof archiveNamed>; file: string }[] = []
    for (const [archive, bytes] of await sines()) {
      const file = join(folder, `${archives.length}.tgz`)
      await writeFile(file, bytes)
      archives.push({ archive, file })
    }
    const { entries } = smallJam()
    return {
      jam: JAM,
      engine: 0,
      player: BEN,
      zero: systemClock.monotonic(),
      sink: `wav:${this.wav}`,
      takeFile: this.takeFile,
      appVersion: '0.0.0-test',
      // Without the end.
      entries: entries.slice(0, -1),
      archives,
      threads: 1,
      ...more,
    }
  }
  async engine(more: Partial<SessionInit> = {}): Promise<Engine> {
    const session = await this.session(more)
    return this.add(await Engine.start(session, this.heard.take), (it) => it.close())
  }
  /** The process of a node around an engine. */
  node(session: SessionInit): ChildProcess & { engine: Promise<number> } {
    const module = siblingModule('node-child', import.meta.url)
    const node = fork(module, [], {
      execArgv: loaderFor(module),
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    this.add(node, (it) => it.kill('SIGKILL'))
    const engine = new Promise<number>((resolve) => {
      node.on('message', (told: { message?: FromEngine; pid?: number }) => {
        if (told.message) this.heard.take(told.message)
        if (told.pid !== undefined) resolve(told.pid)
      })
    })
    node.send(session)
    return Object.assign(node, { engine })
  }
}

function engine(title: string, body: (t: Test, kit: EngineKit) => Promise<void>): void {
  test(`engine: ${title}`, async (t) => {
    const kit = new EngineKit()
    try {
      await body(t, kit)
    } finally {
      await kit.run()
    }
  })
}

/** How long a process may take to end on a busy machine. */
const GONE_MILLIS = 90_000

/**
 * Resolves when a process is gone. It is looked for again and again, since there is no event to wait for: the system
 * tells only a parent of an exit. Where the node is killed the parent is dead; where an engine of ours is to end by itself
 * its handle keeps the exit to itself, and `close`, which waits for it, would end the engine.
 * @throws Error where it is still there after 90 s
 */
async function gone(pid: number): Promise<void> {
  const deadline = performance.now() + GONE_MILLIS
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    if (performance.now() > deadline) throw new Error(`process ${pid} is still there after ${GONE_MILLIS / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
const loud = ({ levels }: Message<'levels'>): boolean =>
  levels.instances.some(({ path, peak }) => path.endsWith('/drums') && peak > 0.01)

engine('plays in a process of its own; its report is of the file, and its take reads back', async (t, kit) => {
  const running = await kit.engine()
  const { firstFrame } = await kit.heard.until('opened')
  await kit.heard.until('levels', loud)
  const report = await running.close()
  const file = await wavOf(kit.wav)
  t.ok(report)
  t.equal(report?.firstFrame, firstFrame)
  t.equal(report?.frames, file.frames)
  t.equal(report?.samplesSha256, file.sha256)
  t.equal(
    report?.peak,
    file.left.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
  )
  const take = parseTake(await readFile(kit.takeFile, 'utf8'))
  t.equal(take.header.first, firstFrame)
  t.deepEqual(take.records.at(-1), {
    kind: 'close',
    frame: firstFrame + file.frames,
    sha256: file.sha256,
    peak: report?.peak,
  })
  t.ok(take.records.some((record) => record.kind === 'started' && record.path === `${refOf(ADA)}/drums/drums`))
  const { end } = await kit.heard.until('closed')
  t.equal(end, 'asked')
  t.equal(kit.heard.messages.filter(({ kind }) => kind === 'failed').length, 0)
  t.equal(await running.close(), report, 'closing twice is closing')
})

engine('says which archives it cannot play', async (t, kit) => {
  const running = await kit.engine({ entries: [] })
  const folder = await kit.folder()
  const broken = join(folder, 'broken.tgz')
  await writeFile(broken, 'no archive')
  running.send({ kind: 'archive', archive: archiveNamed('broken'), file: broken })
  running.send({ kind: 'archive', archive: archiveNamed('absent'), file: join(folder, 'absent.tgz') })
  for (const name of ['broken', 'absent']) {
    const { refusal } = await kit.heard.until('archive', ({ archive }) => archive === archiveNamed(name))
    t.equal(refusal?.code, 'ARCHIVE_CORRUPT', name)
  }
  const { refusal } = await kit.heard.until('archive', ({ archive }) => archive === archiveNamed('drums'))
  t.equal(refusal, undefined)
})

engine('that is killed is told as lost; its file plays up to then', async (t, kit) => {
  const running = await kit.engine()
  await kit.heard.until('levels', loud)
  process.kill(running.pid ?? 0, 'SIGKILL')
  const failed = await kit.heard.until('failed')
  t.equal(failed.code, 'ENGINE_LOST')
  t.match(failed.message, /SIGKILL/)
  t.equal(await running.close(), undefined)
  running.send({ kind: 'withdraw', keys: [] })
  t.equal(kit.heard.messages.filter(({ kind }) => kind === 'failed').length, 1, 'once')
  const bytes = await readFile(kit.wav)
  t.ok(readWavHeader(bytes), 'a WAV that can be read')
  t.ok(bytes.length > 94)
  const take = parseTake(await readFile(kit.takeFile, 'utf8'))
  t.equal(take.header.player, BEN)
  t.notOk(take.records.some(({ kind }) => kind === 'close'))
})

engine('does not heed what a terminal sends to everybody: the node decides', async (t, kit) => {
  const running = await kit.engine()
  await kit.heard.until('opened')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(running.pid ?? 0, signal)
  await kit.heard.until('levels')
  const report = await running.close()
  t.equal(report?.samplesSha256, (await wavOf(kit.wav)).sha256)
})

engine('is gone when its node is, its files finished', async (t, kit) => {
  const node = kit.node(await kit.session())
  const pid = await node.engine
  await kit.heard.until('levels')
  node.kill('SIGKILL')
  await gone(pid)
  const file = await wavOf(kit.wav)
  t.ok(file.frames > 12_000)
  const take = parseTake(await readFile(kit.takeFile, 'utf8'))
  const last = take.records.at(-1)
  t.equal(last?.kind, 'close')
  t.equal(last?.kind === 'close' ? last.sha256 : '', file.sha256)
})

engine('whose node goes while it starts goes too', async (t, kit) => {
  const node = kit.node(await kit.session())
  const pid = await node.engine
  node.kill('SIGKILL')
  await gone(pid)
  t.ok(pid > 0)
})

engine('writes to standard output where that is the sink', async (t, kit) => {
  const node = kit.node(await kit.session({ sink: 'raw:-' }))
  const pieces: Buffer[] = []
  node.stdout?.on('data', (bytes: Buffer) => pieces.push(bytes))
  const ended = new Promise((resolve) => node.stdout?.once('close', resolve))
  await node.engine
  await kit.heard.until('levels', loud)
  node.send('close')
  const { report } = await kit.heard.until('closed')
  await ended
  t.equal(createHash('sha256').update(Buffer.concat(pieces)).digest('hex'), report.samplesSha256)
})

engine('that cannot begin says why, by code, and ends', async (t, kit) => {
  t.equal(await codeOf(kit.engine({ sink: 'organ' })), 'SINK_UNKNOWN')
  const session = await kit.session()
  await writeFile(kit.takeFile, 'another\n')
  const running = await Engine.start(session, kit.heard.take)
  const failed = await kit.heard.until('failed')
  t.equal(failed.code, 'TAKE_UNWRITABLE')
  await gone(running.pid ?? 0)
  t.equal(await running.close(), undefined)
})

engine('that cannot be started at all is an error', async (t, kit) => {
  const path = process.execPath
  process.execPath = '/nowhere/node'
  try {
    t.equal(await codeOf(kit.engine()), 'ENGINE_LOST')
  } finally {
    process.execPath = path
  }
})
