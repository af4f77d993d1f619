import test from 'tape'
import { generatorIdOf, jamIdOf, name as checkedName, type BlobId } from '../../lib/base/index.ts'
import type { Entry, Payload } from '../../lib/entry/index.ts'
import { LiveJam } from '../../plugins/jams/index.ts'
import { HandClock, chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ann, ben] = [identityNamed('ann'), identityNamed('ben')]
const jam = jamIdOf(ann.id, checkedName('friday'))
const archive = `&${'A'.repeat(43)}=.sha256` as BlobId
const bass = checkedName('bass')
const play: Payload = {
  type: 'play',
  jam,
  generator: generatorIdOf(ben.id, bass),
  archive,
  instance: 'bass',
  at: 3_840,
  on: 'bar',
}

test('a live jam: what does not count is told as it stands now, not as it stood when it came', async (t) => {
  const store = await temporaryStore(ann, new HandClock())
  await store.append({ type: 'jam', jam, action: 'start', tempo: 120, meter: '4/4', engine: 0 })
  const live = new LiveJam(jam, store)
  await live.load()
  let folded: Promise<unknown> = Promise.resolve()
  store.onChange((change) => (folded = folded.then(() => live.observe(change))))
  const codes = (): string[] => live.refused().map(({ code }) => code)
  let last: Entry | null = null
  const bens = async (...payloads: Payload[]): Promise<void> => {
    const entries = chain(ben, payloads.length, last, { payload: (at) => payloads[at]! })
    last = entries.at(-1)!
    await store.ingest(ben.id, rawOf(entries))
    await folded
  }

  await bens(play, { type: 'jam', jam, action: 'dance' })
  t.deepEqual(codes(), ['NOT_MEMBER', 'PAYLOAD_INVALID'])
  await store.append({ type: 'jam', jam, action: 'admit', identity: ben.id })
  await folded
  t.deepEqual(codes(), ['GENERATOR_UNPUBLISHED', 'PAYLOAD_INVALID'], 'why it does not count now')
  await bens({ type: 'generator', name: bass, archive, size: 1, runtime: 'wasm' })
  t.deepEqual(codes(), ['PAYLOAD_INVALID'], 'it counts after all')
  await store.append({ type: 'jam', jam, action: 'end', at: 1_920 })
  await folded
  t.deepEqual(codes(), ['AFTER_END', 'PAYLOAD_INVALID'], 'what counted may count no more')

  const anew = chain(ben, 1, null, {
    from: 1_700_000_000_500_000,
    payload: () => ({ type: 'public_note', text: 'hm' }),
  })
  await store.ingest(ben.id, rawOf(anew), headOfChain(anew))
  await folded
  t.deepEqual(codes(), [], 'what is in no feed any more is nothing')
  await store.remove()
})
