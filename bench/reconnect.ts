/**
 * Two nodes that know the same 10,000 feeds, none of which has grown, connect again, with nothing new and with one feed
 * more that one of them has got meanwhile: bytes both ways on the socket.
 * `node --import tsx bench/reconnect.ts [--quick] [--rounds N]`.
 */
import { join } from 'node:path'
import { parseAddress } from '../lib/host/index.ts'
import { withNodes } from './gossip/nodes.ts'
import { Tap } from './gossip/tap.ts'
import { runAlone } from './kit/alone.ts'
import { Figures, type Section } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import type { Options } from './kit/options.ts'
import { runPart } from './kit/part.ts'

const PARTS = new URL('./gossip/parts.ts', import.meta.url)
/** Nothing passes for so long: the two have told each other what there is to tell. */
const SILENT_MILLIS = 1_000

export async function measureReconnect({ quick, rounds }: Options): Promise<Section> {
  const feeds = quick ? 500 : 10_000
  const figures = new Figures()
  await inFolder(async (folder) => {
    const set = join(folder, 'set')
    await runPart(PARTS, 'write', set, feeds, 1)
    await withNodes(folder, ['a', 'b'], async (a, b) => {
      for (const { actor } of [a, b]) {
        await actor.ask('ingest', set)
        await actor.ask('track', set)
      }
      const tap = await Tap.open(parseAddress(a.address).port)
      const address = a.address.replace(/:\d+~/, `:${tap.port}~`)
      try {
        await b.actor.ask('dial', address)
        figures.add('at first', await tap.quiet(SILENT_MILLIS), 'bytes')
        const reconnect = async (meanwhile: () => Promise<unknown>): Promise<number> => {
          await b.actor.ask('hangUp')
          await tap.quiet(SILENT_MILLIS)
          await meanwhile()
          tap.reset()
          await b.actor.ask('dial', address)
          return tap.quiet(SILENT_MILLIS)
        }
        for (let round = 0; round < rounds; round++) {
          figures.add('again', await reconnect(async () => undefined), 'bytes')
          const more = join(folder, `more ${round}`)
          await runPart(PARTS, 'write', more, 1, 1, feeds + round)
          const added = await reconnect(async () => {
            await a.actor.ask('ingest', more)
            for (const { actor } of [a, b]) await actor.ask('track', more)
          })
          figures.add('again, one feed more', added, 'bytes')
        }
      } finally {
        tap.close()
      }
    })
  })
  figures.note(
    `${feeds} feeds that both have and track; both directions, handshake, encryption and the one feed's entry included`,
  )
  return figures.section('Connecting with idle feeds')
}

await runAlone(import.meta.url, measureReconnect)
