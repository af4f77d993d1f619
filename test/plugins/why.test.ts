import test from 'tape'
import { jamIdOf, name as checkedName, type Micros } from '../../lib/base/index.ts'
import { inWords, judge, type Detail } from '../../plugins/feeds/why.ts'
import type { InterestKind } from '../../plugins/feeds/index.ts'
import { identityNamed } from '../helpers/chains.ts'

const [ann, ben, cy, dee] = ['ann', 'ben', 'cy', 'dee'].map((who) => identityNamed(who).id)
const at = Date.UTC(2026, 10, 21, 9, 30) * 1_000
const asked = (...kinds: InterestKind[]) => kinds.map((kind) => ({ reason: `for ${kind}`, kind }))

test('why: one function says whether a feed is drawn, how much of it, and what its player is', async (t) => {
  const of = (hop: number | undefined, ...kinds: InterestKind[]): unknown[] => {
    const { tracked, vouches, open, entries, reasons } = judge({ blocked: false, hop, asked: asked(...kinds) })
    return [tracked, vouches, open, entries, reasons.join()]
  }
  t.deepEqual(of(undefined), [false, false, false, 0, 'kept'])
  t.deepEqual(of(0), [true, true, true, Infinity, 'self'])
  t.deepEqual(of(1), [true, true, true, Infinity, 'follow'])
  t.deepEqual(of(2, 'jam'), [true, true, true, Infinity, 'hop 2,for jam'])
  t.deepEqual(of(undefined, 'jam'), [true, true, false, Infinity, 'for jam'], 'a member is not of the circle')
  t.deepEqual(of(undefined, 'past'), [true, false, false, Infinity, 'for past'])
  t.deepEqual(of(undefined, 'relay'), [true, false, false, Infinity, 'for relay'])
  t.deepEqual(of(undefined, 'request'), [true, false, false, 256, 'for request'], 'asking makes nobody more')
  t.deepEqual(
    of(undefined, 'request', 'relay for a stranger'),
    [true, false, false, 4_096, 'for request,for relay for a stranger'],
    'of several reasons the best of each',
  )
  t.deepEqual(
    judge({ blocked: true, hop: 1, asked: asked('jam', 'own') }),
    { tracked: false, vouches: false, open: false, entries: 0, reasons: ['blocked'] },
    'blocked, nothing else counts',
  )
})

test('why: every reason is a sentence', async (t) => {
  if (!ann || !ben || !cy || !dee) throw new Error('no players')
  const names = new Map([ann, ben, cy, dee].map((id, which) => [id, ['ann', 'ben', 'cy', 'dee'][which] ?? '']))
  const says = (detail: Detail): string => inWords(detail, ann, (player) => names.get(player) ?? player)
  const step = (follower: typeof ann, player: typeof ann) => ({ follower, player, since: at as Micros })
  const jam = jamIdOf(ben, checkedName('friday'))
  t.equal(says({ kind: 'way', way: { steps: [step(ann, ben)], others: 0 } }), 'followed by you since 2026-11-21')
  t.equal(
    says({ kind: 'way', way: { steps: [step(ann, ben), step(ben, cy)], others: 2 } }),
    'followed by ben since 2026-11-21, whom you follow, and by 2 more as near',
  )
  t.equal(
    says({ kind: 'way', way: { steps: [step(ann, ben), step(ben, cy), step(cy, dee)], others: 0 } }),
    'followed by cy since 2026-11-21, whom ben follows, whom you follow',
  )
  t.equal(
    says({ kind: 'member', jam, admitted: { by: ann, at } }),
    'member of the jam ben:friday, admitted by you on 2026-11-21',
  )
  t.equal(says({ kind: 'asks', jam }), 'asked to join the jam ben:friday: `jam admit` lets a player in')
  t.equal(
    says({ kind: 'relay', jam, by: cy, until: at }),
    'interest in the jam ben:friday passed on by cy until 09:30 UTC',
  )
  t.equal(says({ kind: 'blocked', since: at }), 'blocked by you since 2026-11-21: neither drawn nor served')
  t.equal(says({ kind: 'other', reason: 'as asked' }), 'as asked')
  t.match(says({ kind: 'kept', entries: 0, hops: 1 }), /^not drawn: you do not follow it, and /)
  t.match(says({ kind: 'kept', entries: 3, hops: 2 }), /^not drawn any more: nobody within 2 hops of yours /)
})
