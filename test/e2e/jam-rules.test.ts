import { base64, generatorIdOf, name as checkedName, type BlobId, type JamId } from '../../lib/base/index.ts'
import { signEntry, type Entry } from '../../lib/entry/index.ts'
import { generateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { jamsContract, type PlayAnswer } from '../../plugins/jams/index.ts'
import { fixtureBytes, archiveOf } from '../helpers/generators.ts'
import { codeOf } from '../helpers/hosts.ts'
import { barAhead, e2e, instanceNames, meet, startSounding, type NodeKit, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

const BAR = 3_840

interface Stage {
  readonly ada: TestNode
  readonly ben: TestNode
  readonly jam: JamId
  readonly bass: BlobId
  readonly drums: BlobId
}

/** Ada's jam with Ben in it; Ada's drums sound and go on; Ben has published bass. */
async function stage(kit: NodeKit): Promise<Stage> {
  const ada = await kit.node()
  const ben = await kit.node({ sink: 'null' })
  const drums = (await ada.publish('drums')).archive
  const bass = (await ben.publish('bass')).archive
  await meet(ada, ben)
  await until(
    'archives are on both',
    async () => (await ada.blobs.store.has(bass)) && (await ben.blobs.store.has(drums)),
  )
  const jam = await startSounding('friday', ada, ben)
  await ada.ask(jamsContract).perform.play({ generator: 'drums', on: await barAhead(ada, jam) })
  await ada.sounds('drums sound', (status) => instanceNames(status).join() === 'drums')
  return { ada, ben, jam, drums, bass }
}

/** What a play of Ben's says, written by hand. */
async function playPayload(
  { ben, jam, bass }: Stage,
  more: object = {},
): Promise<{ type: 'play' } & Record<string, unknown>> {
  const bar = Number(await barAhead(ben, jam, 2))
  const generator = generatorIdOf(ben.id, checkedName('bass'))
  return { type: 'play', jam, generator, archive: bass, instance: 'bass', at: (bar - 1) * BAR, on: 'bar', ...more }
}

/** Sends an entry ahead of gossip, as a member's node does. */
const send = (from: TestNode, to: TestNode, entry: Pick<Entry, 'bytes'>): Promise<PlayAnswer> =>
  from
    .linkTo(to)
    .remote(jamsContract)
    .play({ entry: base64(entry.bytes) })

const codeIn = (answer: PlayAnswer): string => ('code' in answer ? answer.code : JSON.stringify(answer))

/** How often an instance started, as the takes of a node say. */
async function starts(node: TestNode, instance: string): Promise<number> {
  const lines = await node.takeLines()
  // With the key of the play that started it.
  return lines.filter(({ kind, key, path }) => kind === 'started' && key && String(path).endsWith(`/${instance}`))
    .length
}

e2e('a play that comes twice by call and once more by gossip runs once', async (t, kit) => {
  const all = await stage(kit)
  const { ada, ben } = all
  const entry = await ben.write(await playPayload(all))
  const [first, second] = [await send(ben, ada, entry), await send(ben, ada, entry)]
  t.ok('startsAt' in first, JSON.stringify(first))
  t.deepEqual(second, first, 'the same answer')
  await ada.caughtUpWith(ben)
  const third = await send(ben, ada, entry)
  t.deepEqual(third, first, 'also when its feed has brought it')
  await ada.sounds('it sounds', (status) => instanceNames(status).join() === 'bass,drums')
  const { instances } = await ada.show(all.jam)
  t.deepEqual(instances.map(({ instance }) => instance).sort(), ['bass', 'drums'])
  await ada.ask(jamsContract).perform.stop({ instance: 'drums' })
  await until('the take has it', () => starts(ada, 'bass'))
  await ada.node.close()
  t.equal(await starts(ada, 'bass'), 1, 'it started once')
})

e2e('a play by gossip alone runs too, and sent afterwards it is the same one', async (t, kit) => {
  const all = await stage(kit)
  const { ada, ben } = all
  const entry = await ben.write(await playPayload(all))
  await ada.caughtUpWith(ben)
  const answer = await send(ben, ada, entry)
  t.ok('startsAt' in answer, JSON.stringify(answer))
  await ada.sounds('it sounds', (status) => instanceNames(status).join() === 'bass,drums')
  t.equal((await ada.show(all.jam)).instances.length, 2)
})

e2e('plays that break a rule are refused with their codes and disturb nobody', async (t, kit) => {
  const all = await stage(kit)
  const { ada, ben, jam, drums, bass } = all
  const refused = async (code: string, more: object, why: string): Promise<void> => {
    const entry = await ben.write(await playPayload(all, more))
    t.equal(codeIn(await send(ben, ada, entry)), code, why)
  }
  const other = (await ben.blobs.store.add([archiveOf(fixtureBytes('clapper', 'clapper.wasm'))])).id
  await refused(
    'GENERATOR_FOREIGN',
    { generator: generatorIdOf(ada.id, checkedName('drums')), archive: drums, instance: 'hers' },
    "somebody else's generator",
  )
  await refused(
    'GENERATOR_UNPUBLISHED',
    { archive: other, instance: 'unpublished' },
    'an archive his feed does not hold',
  )
  await refused('GENERATOR_UNPUBLISHED', { archive: drums, instance: 'stolen' }, "another's archive under his own name")
  await refused('JAM_UNKNOWN', { jam: `${ben.id}:nowhere`, instance: 'nowhere' }, 'a jam that nobody started')

  const first = await ben.write(await playPayload(all, { instance: 'twice' }))
  t.ok('startsAt' in (await send(ben, ada, first)))
  await refused('INSTANCE_TAKEN', { instance: 'twice' }, 'an instance id used twice')
  await refused('INSTANCE_TAKEN', { instance: 'hers' }, 'an id that a refused play used up')

  const call = (entry: string): Promise<PlayAnswer> => ben.linkTo(ada).remote(jamsContract).play({ entry })
  const hers = await ada.write({ type: 'public_note', text: 'mine' })
  t.equal(await codeOf(call(base64(hers.bytes))), 'PLAY_NOT_CALLERS', 'an entry of somebody else')
  const cy = generateIdentity()
  const forged = signEntry(
    {
      identity: cy.id,
      parent: null,
      comparable: Date.now() * 1_000,
      synod: null,
      payload: await playPayload(all, { generator: generatorIdOf(cy.id, checkedName('bass')), instance: 'forged' }),
    },
    cy.signer,
    nodeCrypto,
  )
  t.equal(await codeOf(send(ben, ada, forged)), 'PLAY_NOT_CALLERS', "a play of somebody else's, whole and signed")
  const note = await ben.write({ type: 'public_note', text: 'no play' })
  t.equal(await codeOf(send(ben, ada, note)), 'PLAY_NOT_CALLERS', 'an entry that is no play')
  const whole = await ben.write(await playPayload(all, { instance: 'bent' }))
  const bent = new Uint8Array(whole.bytes)
  bent[bent.length - 40] = (bent[bent.length - 40] ?? 0) ^ 1
  t.equal(codeIn(await send(ben, ada, { bytes: bent })), 'ENTRY_SIGNATURE', 'a signature with one bit changed')
  t.equal(codeIn(await call('not base64, no entry')), 'ENTRY_TOO_SHORT')

  await ada.caughtUpWith(ben)
  const status = await ada.sounds('what may sound does', (seen) => instanceNames(seen).join() === 'bent,drums,twice')
  t.deepEqual(status.failures, [], 'nothing failed for it')
  const counted = (await ada.show(jam)).instances
  t.deepEqual(counted.map(({ instance }) => instance).sort(), ['bent', 'drums', 'twice'], 'by gossip neither')
  t.equal(counted.filter(({ archive }) => archive === bass).length, 2)
  await ada.node.close()
  for (const instance of ['hers', 'unpublished', 'stolen', 'nowhere', 'forged'])
    t.equal(await starts(ada, instance), 0, `${instance} never started`)
  t.equal(await starts(ada, 'twice'), 1)
})

e2e('a play from the future is held like every entry, also when it is sent ahead', async (t, kit) => {
  const all = await stage(kit)
  const { ada, ben } = all
  const head = await ben.feeds.store.head(ben.id)
  const future = signEntry(
    {
      identity: ben.id,
      parent: head?.key ?? null,
      comparable: (Date.now() + 3_600_000) * 1_000,
      synod: null,
      payload: await playPayload(all, { instance: 'early' }),
    },
    ben.feeds.identity.signer,
    nodeCrypto,
  )
  const answer = await send(ben, ada, future)
  t.equal(codeIn(answer), 'CLOCK_BEHIND_FEED')
  t.notOk((await ada.show(all.jam)).instances.some(({ instance }) => instance === 'early'))
  t.equal((await ada.feeds.store.head(ben.id))?.key, head?.key)
})

e2e('one who is no member is refused, and whoever is in one jam plays not in another', async (t, kit) => {
  const ada = await kit.node({ config: { admitFollowed: false } })
  const ben = await kit.node()
  const bass = (await ben.publish('bass')).archive
  await meet(ada, ben)
  await ada.ask(jamsContract).jam.start({ name: 'closed', tempo: 120 })
  const closed = (await ada.ask(jamsContract).jam.list())[0]?.jam
  if (!closed) throw new Error('no jam')
  await ben.ask(jamsContract).jam.join({ jam: closed })
  await until(
    'he waits',
    () => ada.show(closed),
    ({ waiting }) => waiting.length === 1,
  )
  t.equal((await ben.show(closed)).mine, 'waiting')
  t.equal(await codeOf(ben.ask(jamsContract).perform.play({ generator: 'bass' })), 'NOT_MEMBER', 'his own node says so')
  const stageOf = { ada, ben, jam: closed, bass, drums: bass }
  const entry = await ben.write(await playPayload(stageOf))
  t.equal(await codeOf(send(ben, ada, entry)), 'NOT_ALLOWED', 'the call is for members')
  await ada.caughtUpWith(ben)
  t.deepEqual((await ada.show(closed)).instances, [], 'and by gossip it does not count')
  await until(
    'the refusal is shown',
    () => ada.show(closed),
    ({ refused }) => refused.some(({ code }) => code === 'NOT_MEMBER'),
  )

  await ada.ask(jamsContract).jam.start({ name: 'other', tempo: 120 })
  const other = (await ada.ask(jamsContract).jam.list()).find(({ name }) => name === 'other')?.jam
  if (!other) throw new Error('no jam')
  await ada.ask(jamsContract).jam.admit({ jam: other, player: ben.id })
  await until(
    'he is in the other',
    () => ada.roleOf(ben),
    (role) => role === 'member',
  )
  const again = await ben.write(await playPayload(stageOf, { instance: 'again' }))
  t.equal(codeIn(await send(ben, ada, again)), 'NOT_MEMBER', 'a member of another jam')
  t.deepEqual((await ada.show(closed)).instances, [])
})
