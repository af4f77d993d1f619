import fc from 'fast-check'
import test from 'tape'
import type { EntryKey } from '../../lib/base/index.ts'
import { HandClock, identityNamed, note } from '../helpers/chains.ts'
import { Copy, originalsOf } from './copies.ts'

const nat = (max: number) => fc.nat(max)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), who: nat(5), later: nat(3_000_000) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      who: nat(5),
      to: nat(5),
      size: fc.integer({ min: 1, max: 5 }),
      most: fc.option(nat(8), { nil: Infinity }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rebase' as const), who: nat(5), which: nat(9) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('heal' as const), who: nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('backup' as const), who: nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const), who: nat(5) }) },
)
const drawn = fc.record({
  owners: fc.integer({ min: 1, max: 3 }),
  peers: fc.integer({ min: 1, max: 2 }),
  skews: fc.array(nat(60_000_000), { minLength: 5, maxLength: 5 }),
  steps: fc.array(step, { minLength: 4, maxLength: 24, size: 'max' }),
  order: fc.infiniteStream(nat(1_000)),
})
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never
type Step = Drawn['steps'][number]

/** What happened: every original that must not be lost, and those that their author dropped. */
interface Oracle {
  written: Set<EntryKey>
  readonly dropped: Set<EntryKey>
  rewritten: number
}

async function take(step: Step, owners: readonly Copy[], all: readonly Copy[], oracle: Oracle): Promise<void> {
  const owner = owners[step.who % owners.length] as Copy
  const { store } = owner
  const identity = owner.owner.id
  for (const { clock } of all) clock.now += 1_000
  switch (step.kind) {
    case 'append':
      owner.clock.now += step.later
      oracle.written.add((await store.append(note(`by ${step.who}`))).key)
      return
    case 'send':
      await all[step.who % all.length]?.send(all[step.to % all.length] as Copy, identity, step)
      return
    case 'rebase': {
      const here = originalsOf(await owner.feed(identity))
      const key = here[step.which % Math.max(1, here.length)]
      if (!key) return
      for (const dropped of (await store.own.rebase(new Set([key]))).dropped) oracle.dropped.add(dropped)
      oracle.rewritten++
      return
    }
    case 'heal':
      await store.own.heal()
      return
    case 'backup':
      await owner.backup()
      return
    case 'restore': {
      await owner.restore()
      // What only the machine held that was put back is gone with it.
      const left = new Set((await Promise.all(all.map((copy) => copy.originals(identity)))).flat())
      oracle.written = new Set([...oracle.written].filter((key) => left.has(key)))
    }
  }
}

/** Everyone hears everyone and owners heal, in an order that is drawn, until nothing changes. */
async function settle(all: readonly Copy[], owners: readonly Copy[], order: Iterator<number>): Promise<number> {
  const identity = (owners[0] as Copy).owner.id
  const next = (): number => (order.next().value as number | undefined) ?? 0
  const state = async () =>
    (
      await Promise.all(
        all.map(async ({ store }) => [(await store.head(identity))?.key, (await store.lost(identity)).length]),
      )
    )
      .flat()
      .join()
  let before = ''
  for (let round = 1; round <= 12; round++) {
    const pairs = all.flatMap((a) => all.filter((b) => b !== a).map((b) => [a, b, next()] as const))
    for (const [a, b] of pairs.sort((x, y) => x[2] - y[2])) await a.send(b, identity)
    for (const owner of [...owners].map((it) => [it, next()] as const).sort((x, y) => x[1] - y[1])) {
      for (const { clock } of all) clock.now += 500_000
      await owner[0].store.own.heal()
      // After a while each hears of it before the next one heals: that is what the random wait is for.
      if (round > 8 || next() % 2 === 0)
        for (const other of all) if (other !== owner[0]) await owner[0].send(other, identity)
    }
    const now = await state()
    if (now === before) return round
    before = now
  }
  return Infinity
}

async function check({ owners: count, peers, skews, steps, order }: Drawn): Promise<Oracle> {
  // By what is drawn alone: a history that failed can be run again.
  const owner = identityNamed(`author of ${JSON.stringify([count, peers, skews, steps])}`)
  const all: Copy[] = []
  try {
    for (let at = 0; at < count + peers; at++) {
      const clock = new HandClock(1_800_000_000_000_000 + (skews[at] ?? 0))
      all.push(await Copy.open(at < count ? owner : identityNamed(`peer ${at}`), clock))
    }
    const owners = all.slice(0, count)
    const oracle: Oracle = { written: new Set(), dropped: new Set(), rewritten: 0 }
    for (const step of steps) await take(step, owners, all, oracle)
    if ((await settle(all, owners, order[Symbol.iterator]())) === Infinity) throw new Error('never settles')
    const heads = await Promise.all(all.map(({ store }) => store.head(owner.id)))
    if (new Set(heads.map((head) => head?.key)).size > 1) throw new Error('not one head')
    for (const copy of all) {
      const here = new Set(originalsOf(await copy.feed(owner.id)))
      const lacking = [...oracle.written].filter((key) => !here.has(key) && !oracle.dropped.has(key))
      if (lacking.length > 0) throw new Error(`${lacking.length} originals are lost`)
      if ((await copy.store.lost(owner.id)).length > 0) throw new Error('a branch is still kept')
      const { faults } = await copy.store.verifyAll()
      if (faults.length > 0) throw new Error(`rows do not agree: ${faults[0]?.code}`)
    }
    return oracle
  } finally {
    for (const copy of all) await copy.remove()
  }
}

test('heads: what a replaced feed shares with one that was replaced before goes with it', async (t) => {
  const owner = await Copy.open(identityNamed('author who drops twice'))
  const peer = await Copy.open(identityNamed('peer'), owner.clock)
  const { id } = owner.owner
  const tick = (): number => (owner.clock.now += 1_000)
  try {
    for (let at = 0; at < 3; at++) {
      tick()
      await owner.store.append(note(`entry ${at}`))
    }
    const [first, second] = originalsOf(await owner.feed(id)) as [EntryKey, EntryKey]
    await owner.send(peer, id, { size: 1 })
    tick()
    await owner.store.own.rebase(new Set([second]))
    await owner.send(peer, id, { size: 1 })
    t.deepEqual(await peer.store.lost(id), [], 'what the first rebase replaced is gone')
    tick()
    await owner.store.own.rebase(new Set([first]))
    await owner.send(peer, id)
    t.deepEqual(await peer.store.lost(id), [], 'so is what it stood on')
    t.equal((await peer.store.head(id))?.key, (await owner.store.head(id))?.key)
    t.deepEqual((await peer.store.verifyAll()).faults, [])
  } finally {
    await owner.remove()
    await peer.remove()
  }
})

test('property: forks, rewriting and restored backups end at one feed on every node, and nothing is lost', async (t) => {
  const runs = Number(process.env['FUZZ_RUNS'] ?? 60)
  let rewritten = 0
  const property = fc.asyncProperty(drawn, async (it) => {
    const oracle = await check(it)
    if (oracle.rewritten > 0) rewritten++
  })
  const seed = process.env['FUZZ_SEED']
  const path = process.env['FUZZ_PATH']
  const result = await fc.check(property, {
    numRuns: runs,
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(path !== undefined && { path }),
  })
  const { failed, errorInstance } = result
  t.notOk(failed, failed ? `${String(errorInstance)}: ${fc.defaultReportMessage(result)}` : `${runs} histories`)
  // A path leads to one history.
  if (path === undefined) t.ok(rewritten > runs / 10, `${rewritten} of them rewritten`)
})
