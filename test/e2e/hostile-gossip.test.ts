import type { Test } from 'tape'
import { playerIdOf } from '../../lib/base/index.ts'
import { need } from '../../lib/host/index.ts'
import type { GossipApi } from '../../plugins/gossip/index.ts'
import type { Head } from '../../lib/store/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { chain, headOfChain, identityNamed, note, rawOf, spoil } from '../helpers/chains.ts'
import { HostileLink, honest, hostileHost } from '../helpers/hostile.ts'
import { e2e, meet, type NodeKit, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

const eve = identityNamed('eve')

/** Ada and Ben follow each other and are connected; Ada follows Eve, who dials Ada and speaks gossip by hand. */
async function stage(kit: NodeKit, who: Identity = eve) {
  const ada = await kit.node()
  const ben = await kit.node()
  await meet(ada, ben)
  await ada.follow({ id: who.id })
  const host = await hostileHost(kit, who)
  const connection = await host.connect(ada.address)
  return { ada, ben, connection, goesOn: await honest(ada, ben) }
}

const headOf = (author: Identity, entries: ReturnType<typeof chain>, more: Partial<Head> = {}): Head => ({
  identity: author.id,
  count: entries.length,
  ...headOfChain(entries),
  ...more,
})
const NO_OFFER = '00'.repeat(8)
const ihave = (heads: readonly Head[], serial = 1) =>
  ({ type: 'ihave', serial, sequence: 0, offer: NO_OFFER, full: serial === 1, heads }) as const

async function nothingLost(t: Test, goesOn: () => Promise<{ lost: unknown[] }>): Promise<void> {
  t.deepEqual((await goesOn()).lost, [], 'two honest nodes go on, and nothing is lost')
}
const complaints = (node: TestNode): string[] =>
  node.log.lines.filter(({ level }) => level === 'error').map(({ message }) => message)

e2e(
  'frames that are none, too long or unasked end the connection of whoever sent them, and no other',
  async (t, kit) => {
    const { ada, connection: quiet, goesOn } = await stage(kit)
    const entries = chain(identityNamed('dan'), 3, null)
    const goal = { count: 3, ...headOfChain(entries) }
    for (const [what, send] of [
      ['a frame of 65,537 bytes', (link) => link.raw(new Uint8Array(65_537))],
      ['an unknown type', (link) => link.raw(new Uint8Array([63, 1, 2, 3]))],
      ['an ihave that breaks off', (link) => link.raw(new Uint8Array([1, 0, 0, 0]))],
      ['a second hello', (link) => link.raw(new Uint8Array(100))],
      [
        'entries that nobody asked for',
        (link) => link.send({ type: 'run', stream: 7, head: goal, entries: rawOf(entries) }),
      ],
    ] as [string, (link: HostileLink) => Promise<void>][]) {
      const host = await hostileHost(kit, identityNamed(what))
      const connection = await host.connect(ada.address)
      const link = await HostileLink.gossip(connection)
      await link.until('hello')
      await send(link)
      await link.ended()
      await until(`the connection ends after ${what}`, () => connection.signal.aborted)
      t.pass(`${what}: the connection is ended`)
    }
    t.equal(await ada.feeds.store.head(identityNamed('dan').id), undefined, 'nothing of it is kept')
    t.notOk(quiet.signal.aborted, 'whoever broke no rule stays')
    await nothingLost(t, goesOn)
    t.deepEqual(complaints(ada), [])
  },
)

type Attempt = readonly [what: string, run: (author: Identity) => Uint8Array[]]
const ATTEMPTS: readonly Attempt[] = [
  ['an entry left out', (author) => rawOf(chain(author, 6, null)).filter((_, at) => at !== 3)],
  ['the tail of another chain', (author) => [...rawOf(chain(author, 3, null)), ...rawOf(otherPast(author)).slice(3)]],
  ['another order', (author) => [0, 2, 1, 3, 4, 5].map((at) => chain(author, 6, null)[at]!.bytes)],
  ['the chain of somebody else', () => rawOf(chain(identityNamed('dan'), 6, null))],
  ['a head nobody signed', (author) => rawOf([...chain(author, 3, null), spoil(chain(author, 4, null)[3]!)])],
  ['bytes that are no entries', () => [new Uint8Array(100).fill(123)]],
]
const otherPast = (author: Identity) =>
  chain(author, 6, null, { from: 1_600_000_000_000_000, payload: () => note('another past') })

e2e('signatures that verify do not make a chain of what is none', async (t, kit) => {
  const { ada, ben, connection, goesOn } = await stage(kit)
  const authors = ATTEMPTS.map((_, at) => identityNamed(`author ${at}`))
  for (const author of authors) await ada.follow(author)
  const link = await HostileLink.gossip(connection)
  for (const [at, author] of authors.entries()) {
    const [what = '', run] = ATTEMPTS[at] ?? []
    const goal = headOf(author, chain(author, 6, null))
    await link.send(ihave([goal], at + 1))
    const { stream } = await link.until('iwant', ({ identity }) => identity === author.id)
    const before = faults(ada)
    await link.send({ type: 'run', stream, head: goal, entries: run?.(author) ?? [] })
    const kept = async (): Promise<number> => (await ada.feeds.store.head(author.id))?.count ?? 0
    await until(
      `the run has been judged: ${what}`,
      async () => faults(ada) > before || link.over || (await kept()) === 3,
    )
    const count = await kept()
    t.ok(count <= 3, `${what}: of its entries ${count} are kept, those that make a chain`)
  }
  // What the liar spoiled comes whole from somebody else.
  for (const author of authors) {
    const entries = chain(author, 6, null)
    await ben.feeds.store.ingest(author.id, rawOf(entries))
    await ben.follow(author)
  }
  for (const author of authors)
    await until(
      'the true feed has come',
      () => ada.feeds.store.head(author.id),
      (head) => head?.count === 6,
    )
  await nothingLost(t, goesOn)
  t.deepEqual(complaints(ada), [])
})

/** How many times a run that breaks a rule has been noted. */
const faults = (node: TestNode): number =>
  node.log.lines.filter(({ message }) => message.includes('breaks a rule')).length

e2e('a head that is announced and never comes does not keep the true one away', async (t, kit) => {
  const { ada, ben, connection, goesOn } = await stage(kit)
  const link = await HostileLink.gossip(connection)
  await link.until('hello')
  const real = await ada.feeds.store.head(ben.id)
  if (!real) throw new Error("Ben's feed is here")
  const forged = { comparable: real.comparable + 60_000_000, key: headOfChain(chain(eve, 1, null)).key }
  await link.send(ihave([{ identity: ben.id, count: 1_000_000, ...forged }]))
  await link.until('iwant', ({ identity }) => identity === ben.id)
  await nothingLost(t, goesOn)
  t.equal(
    (await ada.feeds.store.head(ben.id))?.key,
    (await ben.feeds.store.head(ben.id))?.key,
    "Ben's head is the true one",
  )
})

e2e('ten thousand wants and a hundred thousand heads cost bounded state', async (t, kit) => {
  const { ada, connection, goesOn } = await stage(kit)
  const link = await HostileLink.gossip(connection)
  await link.until('hello')
  const nobody = (n: number) => {
    const raw = new Uint8Array(32)
    new DataView(raw.buffer).setUint32(0, n)
    return playerIdOf(raw)
  }
  const sending = (async () => {
    for (let stream = 0; stream < 10_000; stream++)
      await link.send({ type: 'iwant', stream, identity: nobody(stream), after: undefined })
    const position = headOfChain(chain(eve, 1, null))
    for (let serial = 1; serial <= 125; serial++) {
      const heads = Array.from({ length: 800 }, (_, at) => ({
        identity: nobody(serial * 800 + at),
        count: 9,
        ...position,
      }))
      await link.send(ihave(heads, serial))
    }
  })()
  await nothingLost(t, goesOn)
  await sending
  await until(
    'the last want is answered, or the link ended',
    () => link.over || link.heard.some((frame) => frame.type === 'end' && frame.stream === 9_999),
  )
  const mine = ada.node.host
    .api(need<GossipApi>('gossip'))
    .status()
    .find(({ peer }) => peer === eve.id)
  t.ok(link.over || mine, 'its link is ended, or known')
  t.deepEqual([mine?.serving ?? 0, mine?.asking ?? 0], [0, 0], 'and nothing of it is held open')
  await nothingLost(t, goesOn)
  t.deepEqual(complaints(ada), [])
})
