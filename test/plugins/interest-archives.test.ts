import test from 'tape'
import type { Payload } from '../../lib/entry/index.ts'
import { Archives } from '../../plugins/interest/archives.ts'
import { HandClock, chain, identityNamed, rawOf } from '../helpers/chains.ts'
import { JAM, archiveNamed } from '../helpers/jams.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ada, ben] = [identityNamed('ada'), identityNamed('ben')]
const drums = (archive: string): Payload => ({
  type: 'generator',
  name: 'drums',
  archive: archiveNamed(archive),
  size: 100,
  runtime: 'wasm',
})

test('interest: an archive that a false `again` of a published generator names is none of the jam', async (t) => {
  const store = await temporaryStore(ada, new HandClock())
  const [first] = chain(ben, 1, null, { payload: () => drums('real') })
  const { key, comparable } = first!
  const [again] = chain(ben, 1, first!, {
    payload: () => ({ type: 'again', key, comparable, payload: drums('false') }),
  })
  await store.ingest(ben.id, rawOf([first!, again!]))
  const roster = { everyone: new Set([ben.id]), jam: JAM, has: () => true }
  const read = new Archives(roster, store)
  t.equal(await read.namedBy(archiveNamed('real')), ben.id)
  t.equal(await read.namedBy(archiveNamed('false')), undefined, 'as it is read')
  const [later] = chain(ben, 1, again!, { payload: () => ({ type: 'again', key, comparable, payload: drums('late') }) })
  const head = { identity: ben.id, key: later!.key, comparable: later!.comparable, count: 3 }
  await read.observe({ head, entries: [later!], own: false })
  t.equal(await read.namedBy(archiveNamed('late')), undefined, 'as it comes')
  await store.remove()
})
