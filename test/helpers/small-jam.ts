import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tape'
import type { JamId } from '../../lib/base/index.ts'
import { systemClock } from '../../lib/base/node/clock.ts'
import type { Entry, Payload } from '../../lib/entry/index.ts'
import { loadOrCreateIdentity, nodeCrypto, type Identity } from '../../lib/keys/index.ts'
import { openHome, openHomeStore, type Store } from '../../lib/store/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import type { SoundReport } from '../../plugins/sound/index.ts'
import type { Teardown } from './hosts.ts'
import { meet, startJam, type Nodes, type ProgramNode } from './program-nodes.ts'
import { takeLines } from './takes.ts'

/** A bar is a second. */
const TEMPO = 240
/** Published this many bars ahead, so that nothing is late on a machine that has much else to do. */
const AHEAD = 6
const BARS = 8

/** A jam that two nodes have played to its end; both have ended. */
export interface Recorded {
  readonly jam: JamId
  readonly ada: ProgramNode
  readonly ben: ProgramNode
  readonly reports: readonly [ada: SoundReport, ben: SoundReport]
}

/** Two players, their example generators, tags, a parameter that moves and a stop: eight bars, and tails. */
export async function recordSmallJam(nodes: Nodes): Promise<Recorded> {
  const [ada, ben] = await Promise.all([nodes.start('ada'), nodes.start('ben')])
  for (const generator of ['chords', 'drums']) await ada.publish(generator)
  for (const generator of ['arp', 'bass']) await ben.publish(generator)
  await meet(ada, ben)
  const jam = await startJam('small', TEMPO, ada, ben)
  const first = (await ada.bar(jam)) + AHEAD
  const on = (bar: number): string => String(first + bar)
  const [adas, bens] = [ada.ask(jamsContract), ben.ask(jamsContract)]
  await adas.perform.tag({ jam, name: 'context', value: 'groove', on: on(0) })
  await ada.play(jam, 'chords', first, { params: { cutoff: 2 } })
  await ada.play(jam, 'drums', first + 1)
  await ben.play(jam, 'arp', first)
  await ben.play(jam, 'bass', first + 2, { bars: 5 })
  await adas.perform.param({ jam, instance: 'chords', name: 'gain', value: -6, on: on(1), overBars: 2 })
  await bens.perform.param({ jam, instance: 'arp', name: 'echo', value: 0.2, on: on(3), overBars: 3 })
  await adas.perform.tag({ jam, name: 'context', value: 'drop', on: on(4) })
  await adas.perform.stop({ jam, instance: 'drums', on: on(6) })
  await adas.jam.end({ jam, on: on(BARS) })
  const reports = await Promise.all([ada.finished(), ben.finished()])
  await Promise.all([ada.stop(), ben.stop()])
  return { jam, ada, ben, reports }
}

/** That a take tells of nothing late, nothing failed, nothing skipped: then what was heard must be the score. */
export async function nothingLate(t: Test, name: string, report: SoundReport): Promise<void> {
  const lines = await takeLines(report.take)
  const late = lines.filter(
    (line) =>
      line['late'] !== undefined || ['failed', 'skip', 'missing', 'grid', 'clock'].includes(String(line['kind'])),
  )
  t.deepEqual(late, [], `${name}: nothing was late`)
  t.equal(report.late + report.skippedFrames, 0)
}

/**
 * Writes everything that both players ever published once more, with the same keys and in the same order, into a home
 * that is Ada's. `change` may give other payloads.
 */
export async function publishAgain(
  nodes: Nodes,
  { ada, ben }: Pick<Recorded, 'ada' | 'ben'>,
  folder: string,
  change: (payload: Payload) => Payload,
): Promise<string> {
  const again = { ada: await nodes.place(folder), ben: await nodes.place(`${folder}-ben`) }
  const from = { ada: await copied(nodes, ada.home), ben: await copied(nodes, ben.home) }
  for (const who of ['ada', 'ben'] as const) await mkdir(again[who], { recursive: true })
  for (const who of ['ada', 'ben'] as const) await cp(join(from[who], 'secret'), join(again[who], 'secret'))
  await cp(join(from.ada, 'blobs'), join(again.ada, 'blobs'), { recursive: true })
  const stores = {
    old: await opened(nodes, from.ada),
    ada: await opened(nodes, again.ada),
    ben: await opened(nodes, again.ben),
  }
  const entries: Entry[] = []
  for (const { id } of [ada, ben]) for await (const entry of stores.old.store.read(id)) entries.push(entry)
  for (const { identity, payload } of entries.sort((a, b) => a.comparable - b.comparable))
    await stores[identity === ada.id ? 'ada' : 'ben'].store.append(change(payload))
  const bens: Uint8Array[] = []
  for await (const entry of stores.ben.store.read(ben.id)) bens.push(entry.bytes)
  await stores.ada.store.ingest(ben.id, bens)
  for (const { store } of Object.values(stores)) await store.close()
  return again.ada
}

let copies = 0
const copied = (nodes: Nodes, home: string): Promise<string> => nodes.copyOf(home, `copy-${++copies}`)

async function opened(down: Teardown, path: string): Promise<{ store: Store; identity: Identity }> {
  const home = openHome(path)
  const identity = loadOrCreateIdentity(home.secret)
  const parts = { crypto: nodeCrypto, clock: systemClock, identity: identity.id, signer: identity.signer }
  const store = down.add(await openHomeStore(home, parts), (it) => it.close())
  return { store, identity }
}
