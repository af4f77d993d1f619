import test from 'tape'
import { chainOf, holds, judge, lastShared, otherHeads } from '../../lib/feed/index.ts'
import type { Branch } from '../../lib/feed/index.ts'
import { chain, identityNamed } from '../helpers/chains.ts'

const [low, high] = chain(identityNamed('ada'), 2, null)
const key = low!.key
const branch = (id: number, tail: number, on?: readonly [parent: number, at: number]): Branch => ({
  id,
  ...(on ? { parent: on[0], at: on[1] } : { at: 0 }),
  tail: { comparable: tail, key },
  count: tail,
  state: 'kept',
})
/** 0: 1..10; 1 hangs on 0 at 5: ..12; 2 on 1 at 8: ..20; 3 on 0 at 5: ..9; 4 starts anew: ..7. */
const branches = new Map(
  [branch(0, 10), branch(1, 12, [0, 5]), branch(2, 20, [1, 8]), branch(3, 9, [0, 5]), branch(4, 7)].map((b) => [
    b.id,
    b,
  ]),
)

test('feed: the chain of a branch runs from the first entry to its tail', (t) => {
  t.deepEqual(chainOf(branches, 2), [
    { branch: 0, until: 5 },
    { branch: 1, until: 8 },
    { branch: 2, until: 20 },
  ])
  t.deepEqual(chainOf(branches, 4), [{ branch: 4, until: 7 }])
  t.deepEqual(chainOf(branches, 9), [])
  t.end()
})

test('feed: a chain holds what is not past where the next segment hangs', (t) => {
  const chain = chainOf(branches, 2)
  t.ok(holds(chain, 0, 5))
  t.notOk(holds(chain, 0, 6))
  t.ok(holds(chain, 1, 8))
  t.notOk(holds(chain, 3, 6))
  t.end()
})

test('feed: the last entry that two chains share', (t) => {
  const shared = (a: number, b: number) => lastShared(chainOf(branches, a), chainOf(branches, b))
  t.deepEqual(shared(2, 1), { branch: 1, until: 8 })
  t.deepEqual(shared(2, 3), { branch: 0, until: 5 })
  t.deepEqual(shared(0, 2), { branch: 0, until: 5 })
  t.equal(shared(4, 2), undefined)
  t.end()
})

test('feed: heads of other chains, best first', (t) => {
  const heads = (current: number) => otherHeads(branches, current).map(({ id }) => id)
  t.deepEqual(heads(2), [1, 0, 3, 4])
  t.deepEqual(heads(1), [2, 0, 3, 4])
  const cut = new Map(branches).set(1, branch(1, 8, [0, 5])).set(3, { ...branch(3, 9, [0, 5]), state: 'dropping' })
  t.deepEqual(
    otherHeads(cut, 2).map(({ id }) => id),
    [0, 4],
    'none that the feed holds, none being dropped',
  )
  t.end()
})

test('feed: a checked tail wins, waits or loses', (t) => {
  const at = (comparable: number) => ({ comparable, key })
  t.equal(judge(at(9), at(8), undefined), 'wins')
  t.equal(judge(at(9), undefined, undefined), 'wins')
  t.equal(judge(at(8), at(8), undefined), 'loses', 'a head does not beat itself')
  t.equal(judge(at(7), at(8), at(7)), 'loses')
  t.equal(judge(at(9), at(8), at(12)), 'arriving')
  t.equal(judge(at(9), at(8), at(9)), 'wins')
  t.equal(judge(at(9), at(8), at(8)), 'wins', 'a false announcement does not keep it waiting')
  const [lesser, greater] = [low!.key, high!.key].sort((a, b) => Buffer.compare(rawBytes(a), rawBytes(b)))
  t.equal(judge({ comparable: 8, key: greater! }, { comparable: 8, key: lesser! }, undefined), 'wins', 'keys decide')
  t.end()
})

const rawBytes = (text: string): Buffer => Buffer.from(text.slice(1, 45), 'base64')
