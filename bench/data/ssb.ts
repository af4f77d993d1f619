/**
 * Parts of the data bench that are ssb-db2's, in its usual setting: its base, keys and ebt indexes. It is handed everything
 * at once, which is when it is fastest: it works by timers, and with 1,000 in flight `add` takes about twice as long.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { bytesUnder } from '../kit/folders.ts'
import { serveParts } from '../kit/part.ts'
import { authorAt } from './feeds.ts'
import { author, inFlight, payloadAt } from './jam-entries.ts'
import { type Callback, loadPeer, promised } from './peers.ts'

interface Db {
  create(options: { content: object }, callback: Callback<unknown>): void
  add(message: object, callback: Callback<unknown>): void
  /** Calls back when an index has caught up with the log. */
  onDrain(index: string, callback: () => void): void
}
interface Sbot {
  readonly db: Db
  close(error: boolean, callback: Callback<unknown>): void
}
interface Stack {
  use(plugin: unknown): Stack
  call(self: null, config: object): Sbot
}
interface Classic {
  newNativeMsg(options: object): object
  getMsgId(message: object): string
}

/** What it buffers is written within this time; it offers no way to wait for it. */
const SETTLE_MILLIS = 600

function open(folder: string): Sbot {
  const stack = loadPeer<(config: object) => Stack>('secret-stack')
  const { shs } = loadPeer<{ shs: string }>('ssb-caps')
  const plugins = ['ssb-db2', 'ssb-db2/compat/ebt'].map((name) => loadPeer<unknown>(name))
  return plugins
    .reduce<Stack>((stacked, plugin) => stacked.use(plugin), stack({ appKey: shs }))
    .call(null, { keys: author().keys, path: folder })
}

async function drained({ db }: Sbot): Promise<void> {
  for (const index of ['base', 'keys', 'ebt']) await promised((done) => db.onDrain(index, () => done(null, undefined)))
}

async function settle(sbot: Sbot): Promise<void> {
  await wait(SETTLE_MILLIS)
  await promised((done) => sbot.close(true, done))
}

/** Times how long until everything was called back, and until it was indexed too. */
async function timed(sbot: Sbot, work: () => Promise<unknown>): Promise<{ ms: number; called: number; cpu: number }> {
  const before = process.cpuUsage()
  const began = performance.now()
  await work()
  const called = performance.now() - began
  await drained(sbot)
  const ms = performance.now() - began
  const { user, system } = process.cpuUsage(before)
  return { ms, called, cpu: (user + system) / 1e6 }
}

await serveParts({
  /** Signs the same payloads as classic messages, by so many authors, and writes them to a file, a line each. */
  async write(file, feeds, each) {
    const classic = loadPeer<Classic>('ssb-classic/format.js')
    const out = createWriteStream(file)
    let bytes = 0
    for (let feed = 0; feed < Number(feeds); feed++) {
      const { keys } = authorAt(feed)
      let previous: { key: string; value: object } | null = null
      for (let n = 0; n < Number(each); n++) {
        const timestamp = 1_700_000_000_000 + n
        const value: object = classic.newNativeMsg({ keys, hmacKey: null, content: payloadAt(n), timestamp, previous })
        previous = { key: classic.getMsgId(value), value }
        const line = JSON.stringify(value)
        bytes += line.length
        if (!out.write(`${line}\n`)) await new Promise((resolve) => out.once('drain', () => resolve(undefined)))
      }
    }
    out.end()
    await finished(out)
    return { bytes }
  },

  async create(folder, count) {
    const sbot = open(folder)
    await drained(sbot)
    const spent = await timed(sbot, () =>
      inFlight(Number(count), Number(count), (n) =>
        promised((done) => sbot.db.create({ content: payloadAt(n) }, done)),
      ),
    )
    await settle(sbot)
    return { ...spent, disk: bytesUnder(join(folder, 'db2')) }
  },

  async add(folder, file) {
    const sbot = open(folder)
    await drained(sbot)
    const lines: string[] = []
    for await (const line of createInterface({ input: createReadStream(file) })) lines.push(line)
    const spent = await timed(sbot, () =>
      inFlight(lines.length, lines.length, (n) =>
        promised((done) => sbot.db.add(JSON.parse(lines[n] ?? '') as object, done)),
      ),
    )
    await settle(sbot)
    return { ...spent, disk: bytesUnder(join(folder, 'db2')) }
  },

  async open(folder) {
    const began = performance.now()
    const sbot = open(folder)
    await drained(sbot)
    const ms = performance.now() - began
    await settle(sbot)
    return { ms }
  },
})
