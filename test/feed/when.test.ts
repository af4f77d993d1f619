import test from 'tape'
import type { EntryKey } from '../../lib/base/index.ts'
import {
  HEAL_LEAST,
  HEAL_NOTHING,
  HEAL_PATIENCE,
  HEAL_SPREAD,
  watchForks,
  type HealLook,
  type HealWatch,
} from '../../lib/feed/index.ts'
import { chain, identityNamed, keysOf } from '../helpers/chains.ts'

const [one, two, three] = keysOf(chain(identityNamed('ada'), 3, null)) as [EntryKey, EntryKey, EntryKey]

/** Looks, one after the other; gives each time whether to heal. */
function looks(...all: (Pick<HealLook, 'now' | 'lost'> & { random?: number; most?: number })[]): boolean[] {
  let state: HealWatch = HEAL_NOTHING
  return all.map(({ now, lost, random = 0.5, most = 100 }) => {
    const { watch, heal } = watchForks(state, { now, lost, random: () => random, most })
    state = watch
    return heal
  })
}

test('when to heal: after a random wait that grows with the copies, and not before', (t) => {
  const due = HEAL_LEAST + 0.5 * HEAL_SPREAD * 4
  t.deepEqual(looks({ now: 0, lost: [one] }, { now: due - 1, lost: [one] }, { now: due, lost: [one] }), [
    false,
    false,
    true,
  ])
  const more = HEAL_LEAST + 0.5 * HEAL_SPREAD * 16
  const lost = [one, two, three]
  t.deepEqual(looks({ now: 0, lost }, { now: more - 1, lost }, { now: more, lost }), [false, false, true])
  t.deepEqual(looks({ now: 0, lost: [one], random: 0 }, { now: HEAL_LEAST, lost: [one] }), [false, true])
  t.end()
})

test('when to heal: not any more where another copy has done it', (t) => {
  t.deepEqual(looks({ now: 0, lost: [one] }, { now: 100, lost: [] }, { now: 100_000, lost: [] }), [false, false, false])
  t.deepEqual(
    looks({ now: 0, lost: [one] }, { now: 100, lost: [] }, { now: 99_000, lost: [two] }),
    [false, false, false],
    'a later one is waited for anew',
  )
  t.end()
})

test('when to heal: a further branch draws the wait anew, for a while', (t) => {
  t.deepEqual(looks({ now: 0, lost: [one] }, { now: 3_000, lost: [one, two] }, { now: 4_000, lost: [one, two] }), [
    false,
    false,
    false,
  ])
  const coming = Array.from({ length: 40 }, (_, i) => ({ now: i * 2_000, lost: [`%${i}` as EntryKey], random: 0.99 }))
  const healed = looks(...coming).indexOf(true)
  t.equal(healed * 2_000, HEAL_PATIENCE)
  t.end()
})

test('when to heal: at once where there is no room for more branches', (t) => {
  t.deepEqual(looks({ now: 0, lost: [one, two], most: 2 }), [true])
  t.end()
})

test('when to heal: a feed that forks for ever is healed more and more rarely, until there was peace', (t) => {
  let state: HealWatch = HEAL_NOTHING
  const times: number[] = []
  for (let now = 0; now < 2_000_000; now += 100) {
    const { watch, heal } = watchForks(state, { now, lost: [one], random: () => 0.5, most: 9 })
    state = watch
    if (heal) times.push(now)
  }
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0))
  t.ok(
    gaps.every((gap, i) => gap >= (gaps[i - 1] ?? 0)),
    `${gaps.join()} ms between`,
  )
  t.ok(times.length < 40, `${times.length} times in 2,000 s`)
  const gone = watchForks(state, { now: 8_000_000, lost: [], random: () => 0.5, most: 9 })
  const { watch } = watchForks(gone.watch, { now: 9_000_000, lost: [one], random: () => 0.5, most: 9 })
  t.equal(watchForks(watch, { now: 9_000_000 + 3_500, lost: [one], random: () => 0.5, most: 9 }).heal, true, 'peace')
  t.end()
})
