import test from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { ClockFilter, JamClock, MAX_HOPS } from '../../lib/jam/clock.ts'
import { ADA, BEN, CY, playerNamed } from '../helpers/jams.ts'
import { Random } from '../sim/random.ts'

/** Asks at `at` over a link that takes so long each way: what comes of it where frame 0 was at `zero`. */
const exchange = (zero: number, at: number, [out, back]: readonly [number, number] = [0.2, 0.2]) => ({
  sent: at,
  came: at + out + back,
  time: at + out - zero,
})
const FROM_STARTER = { error: 0, hops: 0 }

test('clock: a busy link is seen through by what took the least time', (t) => {
  const random = new Random(7)
  const filter = new ClockFilter()
  for (let i = 0; i < 32; i++) {
    // One way in three waits behind other packets, and only one way of it.
    const wait = (): number => (random.below(3) === 0 ? random.below(40) : random.below(100) / 500)
    filter.add(exchange(12_345, i * 20, [0.2 + wait(), 0.2 + wait()]))
  }
  const made = filter.estimate(640)
  t.ok(made && Math.abs(made.zero - 12_345) < 0.2, `off by ${(made?.zero ?? 0) - 12_345} ms`)
  t.ok(made && made.error >= Math.abs(made.zero - 12_345), 'and by no more than it says')
  t.end()
})

test('clock: too few answers say nothing; a clock that is put is followed', (t) => {
  const filter = new ClockFilter()
  for (let i = 0; i < 4; i++) filter.add(exchange(100, i))
  t.equal(filter.estimate(4), undefined)
  for (let i = 4; i < 32; i++) filter.add(exchange(100, i * 1_000))
  filter.add(exchange(100, 32_000, [300, 0]))
  t.ok(Math.abs((filter.estimate(32_000)?.zero ?? 0) - 100) < 0.01, 'one that took long moves nothing')
  for (let i = 33; i < 38; i++) filter.add(exchange(-400, i * 1_000, [2, 2]))
  t.ok(Math.abs((filter.estimate(38_000)?.zero ?? 0) + 400) < 0.01, 'five that took longer than all before do')
  t.end()
})

/** So many answers of a member, from `at` on, 20 ms apart. */
function answers(
  clock: JamClock,
  from: PlayerId,
  { zero, at, count = 6, ...told }: { zero: number; at: number; count?: number; error: number; hops: number },
  claimed = zero,
): boolean {
  let counted = true
  for (let i = 0; i < count; i++) counted &&= clock.heard(from, { ...exchange(zero, at + i * 20), ...told }, claimed)
  return counted
}

test('clock: the starter counts; where it is not linked, who knows it', (t) => {
  const clock = new JamClock({ self: BEN, starter: ADA })
  t.equal(clock.standing(0), undefined)
  answers(clock, CY, { zero: 1_000, at: 0, error: 0.5, hops: 1 })
  const first = clock.standing(100)
  t.deepEqual([first?.by, first?.hops, Math.round(first?.zero ?? 0)], [CY, 2, 1_000])
  t.ok((first?.error ?? 0) > 0.7 && (first?.error ?? 0) < 0.8, "its error and the link's")
  answers(clock, ADA, { zero: 1_002, at: 200, ...FROM_STARTER })
  t.deepEqual([clock.standing(320)?.by, Math.round(clock.standing(320)?.zero ?? 0)], [ADA, 1_002])
  clock.forget(ADA)
  answers(clock, CY, { zero: 1_000, at: 400, error: 0.5, hops: 2 })
  const held = clock.standing(3_600_000)
  t.equal(Math.round(held?.zero ?? 0), 1_002, 'what is further away is not followed instead')
  t.ok((held?.error ?? 0) > 300, 'and less sure as time goes by')
  t.end()
})

test('clock: what cannot be is passed over', (t) => {
  const told = { zero: 0, at: 0, error: 0, hops: 1 }
  const clock = new JamClock({ self: BEN, starter: ADA })
  t.notOk(answers(clock, CY, told, 700_000), 'a member that is 11 minutes from the claimed time')
  t.notOk(answers(clock, ADA, { ...told, ...FROM_STARTER }, 100_000_000), 'a starter that is more than a day from it')
  t.notOk(answers(clock, CY, { ...told, error: 5_000 }))
  t.notOk(answers(clock, CY, { ...told, hops: MAX_HOPS }))
  t.notOk(answers(clock, BEN, told), 'oneself')
  t.equal(clock.standing(200), undefined)
  t.ok(answers(clock, CY, { ...told, hops: 0 }))
  t.equal(clock.standing(200)?.hops, 2, 'nobody but the starter is the starter')
  t.ok(answers(clock, ADA, { ...told, ...FROM_STARTER }, 3_600_000), 'a starter in another time zone')
  const own = new JamClock({ self: ADA, starter: ADA })
  t.notOk(answers(own, BEN, told), 'the starter follows nobody')
  t.end()
})

/** Members whose clocks run apart, each asking whom it is linked to once a second; links are what `linked` says. */
function band(random: Random, count: number) {
  const ids = Array.from({ length: count }, (_, i) => playerNamed(`member ${i}`))
  const starter = ids[0] as PlayerId
  const nodes = ids.map((id, i) => ({
    id,
    clock: new JamClock({ self: id, starter }),
    /** Its monotonic clock: when it began, and how fast it runs. */
    begun: random.below(1_000_000),
    rate: 1 + (random.below(101) - 50) / 1e6,
    isStarter: i === 0,
  }))
  type Member = (typeof nodes)[number]
  const own = (node: Member, real: number): number => node.begun + real * node.rate
  const zeroOf = (node: Member, real: number): number | undefined =>
    node.isStarter ? node.begun : node.clock.standing(own(node, real))?.zero
  /** How far into the jam a member is, in milliseconds. */
  const into = (node: Member, real: number): number | undefined => {
    const zero = zeroOf(node, real)
    return zero === undefined ? undefined : own(node, real) - zero
  }
  function ask(node: Member, other: Member, real: number): void {
    const [out, back] = [0.1 + random.below(20) / 100, 0.1 + random.below(20) / 100]
    const time = into(other, real + out)
    if (time === undefined || node.isStarter) return
    const standing = other.clock.standing(own(other, real))
    const told = other.isStarter ? FROM_STARTER : { error: standing?.error ?? 0, hops: standing?.hops ?? 0 }
    const [sent, came] = [own(node, real), own(node, real + out + back)]
    node.clock.heard(other.id, { sent, came, time, ...told }, node.begun)
  }
  return { nodes, into, ask }
}

test('clock: a band keeps together through members, with the starter and when it has gone', (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed)
    const { nodes, into, ask } = band(random, 7)
    const pairs = nodes.flatMap((a) => nodes.filter((b) => a !== b).map((b) => [a, b] as const))
    // A ring at least, so that some have the starter only through several others.
    const linked = pairs.filter(([a, b]) => {
      const apart = Math.abs(nodes.indexOf(a) - nodes.indexOf(b))
      return apart === 1 || apart === 6 || random.below(5) === 0
    })
    const spread = (among: typeof nodes, real: number): number => {
      const all = among.map((node) => into(node, real) ?? NaN)
      return Math.max(...all) - Math.min(...all)
    }
    const talk = (links: typeof pairs, second: number): void => {
      for (const [a, b] of links) ask(a, b, second * 1_000 + random.below(900))
    }
    for (let second = 0; second < 60; second++) talk(linked, second)
    const together = spread(nodes, 60_000)
    if (!(together < 2)) t.fail(`seed ${seed}: ${together} ms apart`)
    const rest = nodes.filter(({ isStarter }) => !isStarter)
    for (const node of rest) node.clock.forget(nodes[0]?.id as PlayerId)
    const left = pairs.filter(([a, b]) => !a.isStarter && !b.isStarter)
    for (let second = 60; second < 1_860; second += 2) talk(left, second)
    const alone = spread(rest, 1_860_000)
    // Each by itself would be up to 90 ms off by then, either way.
    if (!(alone < 2)) t.fail(`seed ${seed}: ${alone} ms apart without the starter`)
  }
  t.pass('20 bands')
  t.end()
})
