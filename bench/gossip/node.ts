/** A whole node in a process of its own, as a user runs it, without a jam; its parent tells it what to do. */
import { setTimeout as wait } from 'node:timers/promises'
import type { PlayerId } from '../../lib/base/index.ts'
import { HOST_SETTINGS, need, type Log } from '../../lib/host/index.ts'
import type { FeedsApi } from '../../plugins/feeds/index.ts'
import { runNode, type Node } from '../../plugins/run.ts'
import { ingestFeeds, readFeeds } from '../data/feeds.ts'
import { serveMethods } from '../kit/actor.ts'
import { profiled } from '../kit/profiled.ts'

// Who is hostile to this node comes over the loopback as well, and is to be held to what one address may do.
HOST_SETTINGS.arrivals.apart = true

const silent = (): void => undefined
const complain = (fields: object, message: string): void => console.error(message, fields)
const log: Log = { debug: silent, info: silent, warn: complain, error: complain }
const WORDS = 'four slow bells answer the pad '.repeat(14)

/** Microseconds of a clock that all processes of this machine share. */
const sharedMicros = (): number => Number(process.hrtime.bigint() / 1_000n)

let node: Node | undefined
const opened = (): { readonly node: Node; readonly feeds: FeedsApi } => {
  if (!node) throw new Error('the node is not open')
  return { node, feeds: node.host.api(need<FeedsApi>('feeds')) }
}

/** Resolves when so many entries of these feeds are stored, with when the first and the last were. */
function stored(store: FeedsApi['store'], players: readonly PlayerId[], total: number): Promise<[number, number]> {
  return new Promise((resolve) => {
    const counts = new Map(players.map((player) => [player, 0]))
    let sum = 0
    let first = 0
    const stop = store.onChange(({ head }) => {
      const before = counts.get(head.identity)
      if (before === undefined) return
      first ||= sharedMicros()
      counts.set(head.identity, head.count)
      sum += head.count - before
      if (sum < total) return
      stop()
      resolve([first, sharedMicros()])
    })
  })
}

let backlog: Promise<[number, number]> | undefined
const heard: { sent: number; took: number }[] = []
let speaking: Promise<unknown> | undefined
let quiet = false

serveMethods(
  {
    /** Opens the node; milliseconds until its socket listens. */
    async open(home: string) {
      const began = performance.now()
      node = await runNode({ home, sink: 'null', port: 0, listenHost: '127.0.0.1', log: () => log, onShutdown: silent })
      const ms = performance.now() - began
      const { feeds } = opened()
      feeds.addServing(() => true)
      return { ms, id: node.host.id, address: node.host.addresses()[0] }
    },

    async ingest(set: string) {
      await ingestFeeds(opened().feeds.store, set)
    },

    /** Wants every feed of a set, and any others. */
    track(set: string, others: PlayerId[] = []) {
      const { feeds } = opened()
      const players = readFeeds(set).map(({ identity }) => identity)
      feeds.addInterest(set, () => [...players, ...others])
    },

    /** Wants these feeds. */
    trackPlayers(players: PlayerId[]) {
      opened().feeds.addInterest('others', () => players)
    },

    async dial(address: string) {
      await opened().node.host.connect(address)
    },

    async hangUp() {
      await Promise.all(
        opened()
          .node.host.connections()
          .map((connection) => connection.close()),
      )
    },

    /** Dials, and gives how long it took until every entry of the set was stored. */
    async draw(address: string, set: string) {
      const { node: own, feeds } = opened()
      const all = readFeeds(set)
      const total = all.reduce((sum, { count }) => sum + count, 0)
      const players = all.map(({ identity }) => identity)
      feeds.addInterest(set, () => players)
      const done = stored(feeds.store, players, total)
      return profiled('draw', async () => {
        const before = process.cpuUsage()
        const began = performance.now()
        await own.host.connect(address)
        await done
        const ms = performance.now() - began
        const { user, system } = process.cpuUsage(before)
        return { ms, cpu: (user + system) / 1e6 }
      })
    },

    /** From now on notes when the set's entries are stored; `backlog` waits for the last. */
    expect(set: string) {
      const all = readFeeds(set)
      const players = all.map(({ identity }) => identity)
      const total = all.reduce((sum, { count }) => sum + count, 0)
      backlog = stored(opened().feeds.store, players, total)
    },
    backlog: () => backlog,

    /** Publishes every so many milliseconds, until it is told to be silent; each entry says when it was begun. */
    speak(every: number) {
      const { feeds } = opened()
      const pending = new Set<Promise<unknown>>()
      speaking = new Promise((resolve) => {
        const timer = setInterval(() => {
          if (quiet) {
            clearInterval(timer)
            resolve(Promise.all(pending))
            return
          }
          const published = feeds.publish({ type: 'public_note', text: `${sharedMicros()} ${WORDS}` })
          pending.add(published)
          void published.then(() => pending.delete(published))
        }, every)
      })
    },
    /** Publishes so many entries a second, made up for where it was late, until it is told to be silent. */
    pour(rate: number) {
      const { feeds } = opened()
      const began = performance.now()
      speaking = (async () => {
        for (let made = 0; !quiet;) {
          const due = Math.floor(((performance.now() - began) * rate) / 1_000)
          const some = Array.from({ length: Math.min(due - made, 64) }, () =>
            feeds.publish({ type: 'public_note', text: `${sharedMicros()} ${WORDS}` }),
          )
          made += some.length
          await Promise.all(some)
          if (made === due) await wait(5)
        }
      })()
      speaking.catch(() => undefined)
    },
    async hush() {
      quiet = true
      await speaking
    },

    /** From now on notes how long each entry of a player took to get here. */
    listen(player: PlayerId) {
      opened().feeds.store.onChange(({ head, entries }) => {
        if (head.identity !== player) return
        const now = sharedMicros()
        for (const { payload } of entries) {
          if (typeof payload === 'string' || typeof payload['text'] !== 'string') continue
          const sent = Number(payload['text'].split(' ', 1)[0])
          heard.push({ sent, took: now - sent })
        }
      })
    },
    heard: () => heard,

    /** Entries of a feed that are here. */
    async count(player: PlayerId) {
      return (await opened().feeds.store.head(player))?.count ?? 0
    },

    spent() {
      const { user, system } = process.cpuUsage()
      return { cpu: (user + system) / 1e6 }
    },

    /** How far a feed has come, and what this process has spent by now. */
    async progress(player: PlayerId) {
      const entries = (await opened().feeds.store.head(player))?.count ?? 0
      const { user, system } = process.cpuUsage()
      return { at: sharedMicros(), entries, cpu: (user + system) / 1e6 }
    },
  },
  async () => node?.close(),
)
