import test, { type Test } from 'tape'
import { heardBy } from '../../bin/cli/hearing.ts'
import {
  base64,
  jamIdOf,
  MarmaladeError,
  name as checkedName,
  type EntryKey,
  type JamId,
} from '../../lib/base/index.ts'
import { signEntry, type Entry, type Payload } from '../../lib/entry/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { Heralds } from '../../plugins/jams/heralds.ts'
import { jamsContract, LiveJam, type Hearing, type PlayAnswer } from '../../plugins/jams/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { HandClock, identityNamed } from '../helpers/chains.ts'
import { memoryLog } from '../helpers/hosts.ts'
import { barAhead, e2e, instanceNames, meet, startSounding, type NodeKit, type TestNode } from '../helpers/node-kit.ts'
import { temporaryStore } from '../helpers/stores.ts'
import { until } from '../helpers/until.ts'

/** Ada and Ben in a jam of hers in which her drums have been asked for. */
async function stage(kit: NodeKit): Promise<{ ada: TestNode; ben: TestNode; jam: JamId }> {
  const [ada, ben] = [await kit.node(), await kit.node()]
  await ben.ask(playersContract).identify({ name: 'ben' })
  const { archive } = await ada.publish('drums')
  await meet(ada, ben)
  await until('the archive has come', () => ben.blobs.store.has(archive))
  return { ada, ben, jam: await startSounding('friday', ada, ben) }
}

const send = (from: TestNode, to: TestNode, { bytes }: Pick<Entry, 'bytes'>): Promise<PlayAnswer> =>
  from
    .linkTo(to)
    .remote(jamsContract)
    .play({ entry: base64(bytes) })

const brief = (hears: readonly Hearing[]): unknown[] =>
  hears.map(({ shown, state, bar, code }) => [shown, state, bar ?? code].filter((part) => part !== undefined))

e2e('every change of what sounds says who hears it from which bar', async (t, kit) => {
  const { ada, ben, jam } = await stage(kit)
  const { jam: jams, perform } = ada.ask(jamsContract)
  const bar = Number(await barAhead(ada, jam, 4))
  const on = String(bar)
  const drums = await perform.play({ generator: 'drums', on })
  t.deepEqual(brief(drums.hears), [['you', 'from', bar], ['ben', 'from', bar]], 'play') // prettier-ignore
  const gestures: [string, () => Promise<{ hears: Hearing[] }>, number?][] = [
    ['param over bars', () => perform.param({ instance: 'drums', name: 'gain', value: -6, on, overBars: 8 })],
    ['tag set', () => perform.tag({ name: 'context', value: 'drop', on })],
    ['jam tempo', () => jams.tempo({ tempo: 126, on: String(bar + 3) }), bar + 3],
    ['jam meter', () => jams.meter({ meter: '7/8', on: String(bar + 4) }), bar + 4],
    ['play --replace', () => perform.play({ generator: 'drums', replaces: 'drums', on: String(bar + 1) }), bar + 1],
    ['stop', () => perform.stop({ instance: 'drums-2', on: String(bar + 2) }), bar + 2],
    ['jam end', () => jams.end({ on: String(bar + 5) }), bar + 5],
  ]
  for (const [what, act, from = bar] of gestures)
    t.deepEqual(brief((await act()).hears), [['you', 'from', from], ['ben', 'from', from]], what) // prettier-ignore
  const stop = await perform.stop({ instance: 'drums-2', on: String(bar + 3) })
  t.deepEqual(brief(stop.hears), [['you', 'refused', 'INSTANCE_OVER'], ['ben', 'refused', 'INSTANCE_OVER']]) // prettier-ignore
  t.equal(stop.hears[0]?.message, 'drums-2 is over by then')

  await ben.node.close()
  await until('the link is gone', () => !ada.node.host.connectionTo(ben.id))
  const later = await perform.tag({ name: 'mood', value: 1, on: String(bar + 1) })
  t.deepEqual(brief(later.hears), [['you', 'from', bar + 1], ['ben', 'away']], 'who is not connected is named') // prettier-ignore
  await jams.start({ name: 'other' })
  const elsewhere = await perform.tag({ jam, name: 'mood', value: 2, on: String(bar + 2) })
  t.deepEqual(brief(elsewhere.hears), [['you', 'refused', 'NOT_SOUNDING'], ['ben', 'away']]) // prettier-ignore
})

/** What Ada sends ahead of a feed that does not bring it is bounded, whatever it is. */
async function flood(t: Test, ada: TestNode, ben: TestNode, jam: JamId): Promise<void> {
  const { identity } = ada.feeds
  const head = await ada.feeds.store.head(ada.id)
  const ahead = (at: number, payload: Payload): { bytes: Uint8Array } =>
    signEntry(
      // Its parent is in no feed.
      { identity: identity.id, parent: `%${base64(nodeCrypto.sha256(new Uint8Array([at])))}.sha256` as EntryKey, comparable: (head?.comparable ?? 0) + 10 + at, synod: null, payload },
      identity.signer,
      nodeCrypto,
    ) // prettier-ignore
  const place = { at: 960_000, on: 'now' }
  const kinds: Payload[] = [
    { type: 'tag', jam, name: 'mood', value: 1, ...place },
    { type: 'stop', jam, instance: 'drums', ...place },
    { type: 'param', jam, instance: 'drums', name: 'gain', value: 0, ...place },
    { type: 'jam', jam, action: 'tempo', bar: 1_000, tempo: 90 },
  ]
  for (let at = 0; at < 64; at++) {
    const answer = await send(ada, ben, ahead(at, kinds[at % kinds.length] as Payload))
    t.notEqual('code' in answer ? answer.code : '', 'PLAYS_AHEAD')
  }
  for (const [at, payload] of kinds.entries()) {
    const answer = await send(ada, ben, ahead(64 + at, payload))
    t.equal('code' in answer ? answer.code : '', 'PLAYS_AHEAD')
  }
}

e2e(
  'what reaches somebody late is heard from where its node says, as its take proves; what is ahead of its feed is bounded',
  async (t, kit) => {
    const { ada, ben, jam } = await stage(kit)
    const perform = ada.ask(jamsContract).perform
    await perform.play({ generator: 'drums', on: 'now' })
    await ben.sounds('it sounds there', (status) => instanceNames(status).join() === 'drums')
    await until('the second bar', async () => (await ben.show(jam)).bar >= 2)
    // As if they had been written in time and been on their way since.
    const late: Payload[] = [
      { type: 'param', jam, instance: 'drums', name: 'gain', value: -3, at: 0, on: 'bar' },
      { type: 'tag', jam, name: 'context', value: 'drop', at: 960, on: 'beat' },
      { type: 'stop', jam, instance: 'drums', at: 3_839, on: 'now' },
    ]
    const answers = new Map<EntryKey, number>()
    for (const payload of late) {
      const entry = await ada.write(payload)
      const answer = await send(ada, ben, entry)
      if (!('startsAt' in answer)) throw new Error(JSON.stringify(answer))
      t.ok(answer.startsAt.bar >= 2, `${(payload as { type: string }).type}: from bar ${answer.startsAt.bar}`)
      answers.set(entry.key, answer.startsAt.frame)
    }
    const frames = await until(
      'all of them have been applied',
      async () =>
        new Map(
          (await ben.takeLines()).flatMap((line) => (line['kind'] === 'applied' ? [[line['key'], line['frame']]] : [])),
        ),
      (applied) => [...answers.keys()].every((key) => applied.has(key)),
    )
    for (const [key, frame] of answers) t.equal(frames.get(key), frame, 'there it took effect')

    const old = await ada.write({ type: 'tag', jam, name: 'context', value: 'intro', at: 0, on: 'now' })
    const superseded = await send(ada, ben, old)
    t.equal('code' in superseded ? superseded.code : '', 'SUPERSEDED', 'older than what holds')
    await flood(t, ada, ben, jam)
    for (const action of [
      { action: 'tempo', tempo: 300 },
      { action: 'meter', meter: '3/4' },
    ] as const) {
      const answer = await send(ada, ben, await ada.write({ type: 'jam', jam, bar: 0, ...action }))
      const { bar } = await ben.show(jam)
      t.ok('startsAt' in answer && answer.startsAt.bar > 1 && answer.startsAt.bar <= bar + 1, action.action)
    }
    const end = await send(ada, ben, await ada.write({ type: 'jam', jam, action: 'end', at: 0 }))
    t.ok('startsAt' in end && end.startsAt.bar > 1, 'end')
  },
)

test('who takes plays alone ahead of gossip, or is not connected, is said to be so', async (t) => {
  const [ann, ben, cy] = [identityNamed('ann'), identityNamed('ben'), identityNamed('cy')]
  const jam = jamIdOf(ann.id, checkedName('friday'))
  const store = await temporaryStore(ann, new HandClock())
  await store.append({ type: 'jam', jam, action: 'start', tempo: 120, meter: '4/4', engine: 0 })
  for (const { id } of [ben, cy]) await store.append({ type: 'jam', jam, action: 'admit', identity: id })
  const tag = await store.append({ type: 'tag', jam, name: 'mood', value: 1, at: 960, on: 'beat' })
  const live = new LiveJam(jam, store)
  await live.load()
  /** As it answered before others than plays were sent. */
  const play = (): Promise<PlayAnswer> =>
    Promise.reject(new MarmaladeError('PLAY_NOT_CALLERS', 'send a play entry of your own feed'))
  const old = { player: ben.id, remote: () => ({ play }) }
  const heralds = new Heralds({
    host: {
      addresses: () => [],
      connections: () => [old],
      connectionTo: (player: string) => (player === ben.id ? old : undefined),
      log: memoryLog(),
    },
    feeds: { identity: ann, directory: { shown: (player: string) => (player === ben.id ? 'ben' : 'cy') } },
    clock: new HandClock(),
    settled: () => Promise.resolve(),
  } as unknown as ConstructorParameters<typeof Heralds>[0])
  const hears = await heralds.announce(live, tag)
  t.equal(
    heardBy(hears, 1),
    'you not: this node plays no sound, ben when it arrives (its version says so of plays alone), cy once connected, asked for bar 1',
  )
  await store.remove()
})
