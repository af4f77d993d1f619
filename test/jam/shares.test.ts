import { createHash } from 'node:crypto'
import test from 'tape'
import { entryKeyOf, hex, type PlayerId } from '../../lib/base/index.ts'
import { MAX_ADMITS, MAX_MEMBERS, MAX_OF_PLAYER, Shares, buildScore, scoreHash } from '../../lib/jam/index.ts'
import type { JamEntry } from '../../lib/jam/index.ts'
import { ADA, BAR, BEN, CY, JAM, JamWriter, playerNamed, startedJam } from '../helpers/jams.ts'

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
const hashOf = (entries: readonly JamEntry[], most?: number): string =>
  hex(scoreHash(buildScore(JAM, entries, most === undefined ? {} : { most }), sha256))

/** As many tags of one player as asked for, each a microsecond after the one before. */
function flood(by: PlayerId, count: number, comparable: number): JamEntry[] {
  const first = new JamWriter().tag(by, 'mood', 1, 0)
  const key = new Uint8Array(32)
  return Array.from({ length: count }, (_, n) => {
    new DataView(key.buffer).setUint32(0, n)
    return { ...first, key: entryKeyOf(key), comparable: comparable + n }
  })
}

test('shares: one who is no member takes nobody room, whenever his entries come', (t) => {
  const { entries } = startedJam()
  const jam = new JamWriter(JAM, 2_000_000)
  const late = [jam.play(ADA, 'drums', BAR), jam.play(BEN, 'arp', BAR), jam.action(ADA, 'end', { at: 8 * BAR })]
  const alone = hashOf([...entries, ...late])
  const foreign = flood(CY, MAX_OF_PLAYER, 1_500_000)
  t.equal(hashOf([...entries, ...foreign, ...late]), alone)
  t.equal(buildScore(JAM, [...entries, ...late]).entries.length, 5)
  t.end()
})

test('shares: of a member the first entries count, in whatever order they come, and he can still go', (t) => {
  const { entries } = startedJam()
  const jam = new JamWriter(JAM, 2_000_000)
  const late = [jam.play(ADA, 'drums', BAR), jam.action(BEN, 'leave', { at: 8 * BAR })]
  const tags = flood(BEN, MAX_OF_PLAYER + 2, 1_500_000)
  const score = buildScore(JAM, [...tags, ...entries, ...late])
  t.deepEqual(
    score.refused.map(({ key, code }) => [key, code]).sort(),
    tags
      .slice(-2)
      .map(({ key }) => [key, 'JAM_TOO_LARGE'])
      .sort(),
  )
  t.deepEqual(
    late.map(({ key }) => score.entries.some((one) => one.key === key)),
    [true, true],
  )
  t.equal(hashOf([...late, ...tags.toReversed(), ...entries]), hex(scoreHash(score, sha256)))
  t.end()
})

test('shares: what is published again counts where it was published first', (t) => {
  const jam = startedJam()
  jam.play(ADA, 'drums', 2 * BAR)
  const tags = [1, 2, 3].map((value) => jam.tag(BEN, 'mood', value, BAR))
  const again = (entry: JamEntry): JamEntry => {
    const { key, comparable, payload } = entry
    return new JamWriter(JAM, 3_000_000).write(BEN, { type: 'again', key, comparable, payload })
  }
  const rest = jam.entries.filter((entry) => entry !== tags[0])
  t.equal(hashOf([...rest, again(tags[0]!)], 2), hashOf(jam.entries, 2))
  t.notEqual(hashOf(rest, 2), hashOf(jam.entries, 2), 'without it the third has room')
  t.equal(hashOf([...jam.entries, again(tags[1]!)], 3), hashOf(jam.entries, 2), 'each that says it takes room')
  t.end()
})

test('shares: a player lets in so many', (t) => {
  const jam = startedJam()
  jam.play(ADA, 'drums', 0)
  const admits = Array.from({ length: MAX_ADMITS + 8 }, (_, n) => jam.admit(BEN, playerNamed(`${n}`)))
  jam.admit(ADA, CY)
  const { members, refused } = buildScore(JAM, jam.entries.toReversed())
  t.equal(members.everyone.size, MAX_MEMBERS)
  t.deepEqual([...members.everyone].slice(0, 3), [ADA, BEN, CY], 'whom the starter admits comes first')
  t.deepEqual(
    refused.map(({ key }) => key).sort(),
    admits
      .slice(MAX_ADMITS)
      .map(({ key }) => key)
      .sort(),
  )
  t.end()
})

test('shares: room is given once, and given back', (t) => {
  const shares = new Shares(JAM)
  const [first, second, third] = flood(BEN, 3, 1_000)
  if (!first || !second || !third) throw new Error('three')
  t.deepEqual(
    [second, second, third].map((entry) => shares.take(entry, 2)?.entry),
    [undefined, undefined, undefined],
  )
  t.deepEqual([shares.refuse(first, 2), shares.refuse(third, 2)], [undefined, undefined], 'what is in has room')
  t.equal(shares.take(first, 2)?.entry, third, 'the last goes')
  t.deepEqual([shares.refuse(third, 2)?.code, shares.refuse(third, 3)], ['JAM_TOO_LARGE', undefined])
  t.equal(shares.take(third, 2)?.why.code, 'JAM_TOO_LARGE')
  t.equal(shares.take({ ...third, identity: CY }, 2), undefined, "another's is another's")
  shares.forget(BEN)
  t.equal(shares.take(third, 2), undefined)
  t.end()
})
