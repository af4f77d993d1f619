import test from 'tape'
import { name, refOf, type EntryKey } from '../../lib/base/index.ts'
import { Grid, JamConductor, MAX_HANDLES, PendingTags, TagBoard, TagFlow, parsePattern } from '../../lib/jam/index.ts'
import type { InstancePath, TagChange, TagView } from '../../lib/jam/index.ts'
import { ADA, ARCHIVES, BAR, BEN, JAM, startedJam } from '../helpers/jams.ts'

const ada = refOf(ADA)
const ben = refOf(BEN)
const DRUMS = `${ada}/drums/one` as InstancePath
const ARP = `${ben}/arp/one` as InstancePath
const set = (path: string, value: number | string, frame: number): TagChange => ({ path, value, frame })
/** 24,000 frames a beat. */
const grid = new Grid([])
const BEAT = grid.frameOfBeat(1)

test('tags: which paths a glob finds', (t) => {
  const board = new TagBoard((short) => (short === 'adaadaad' ? ada : undefined))
  board.apply([
    set(`${ada}/drums/one/kick`, 1, 10),
    set(`${ada}/drums/two/kick`, 2, 20),
    set(`${ben}/kick`, 3, 30),
    set('jam/kick', 4, 40),
    set('jam/context', 'drop', 40),
  ])
  const view = board.view(ARP)
  const expect: [string, number][] = [
    ['kick', 3],
    [`${ada}/drums/one/kick`, 1],
    [`${ada}/drums/*/kick`, 2],
    ['*/*/*/kick', 2],
    ['*/kick', 3],
    ['adaadaad/*/one/kick', 1],
    ['benbenbe/*/one/kick', NaN],
    [`${ben}/kick`, 3],
    ['jam/kick', 4],
    ['local/kick', NaN],
    ['jam/context', NaN],
    ['snare', NaN],
  ]
  for (const [glob, value] of expect) t.equal(view.get(view.open(glob)), value, glob)
  t.equal(view.text(view.open('jam/context')), 'drop')
  t.equal(view.text(view.open('kick')), undefined, 'a number is no text')
  t.equal(view.frame(view.open('kick')), 30)
  for (const bad of [
    '',
    '/',
    'a/b/c',
    'Kick',
    `${ada}/a/b`,
    `${ada}/a/b/c/d`,
    '*',
    'dr*/x',
    `${ada}/../b/c`,
    'x'.repeat(300),
    'note/kick/one',
    'note/Kick',
    `${ada}/drums/one/notes/kick`,
    `${ada}/drums/one/*/kick`,
  ])
    t.equal(parsePattern(bad), undefined, JSON.stringify(bad.slice(0, 20)))
  t.equal(view.open('dr*/x'), -1)
  t.end()
})

test('tags: a view sees each change at its frame, and a path that comes later too', (t) => {
  const board = new TagBoard()
  const view = board.view(ARP)
  const kick = view.open('kick')
  board.stage([set(`${ada}/drums/one/kick`, 1, 128), set(`${ada}/drums/one/snare`, 1, 140), set(`${ada}/kick`, 2, 200)])
  view.advance(128)
  t.equal(view.get(kick), 1)
  t.deepEqual(view.cuts(128), [200], 'cut only where what it has opened changes')
  view.advance(199)
  t.equal(view.get(kick), 1)
  const late = view.open('*/kick')
  t.ok(Number.isNaN(view.get(late)), 'opened in mid-block: not yet')
  view.advance(200)
  t.equal(view.get(kick), 2)
  t.equal(view.get(late), 2)
  board.finish()
  board.stage([set(`${ben}/kick`, 3, 256)])
  const fresh = board.view(DRUMS)
  fresh.advance(256)
  t.equal(fresh.get(fresh.open('kick')), 3, 'what is staged up to its first frame')
  t.equal(view.get(kick), 2, 'each view stands where its own block does')
  board.finish()
  t.equal(view.get(kick), 3)
  board.close(ARP)
  board.apply([set(`${ben}/kick`, 4, 300)])
  t.equal(view.get(kick), 3, 'a closed view is told nothing')
  t.end()
})

test('tags: at most 16 cuts, the rest at the next multiple of 128', (t) => {
  const board = new TagBoard()
  const view = board.view(ARP)
  const kick = view.open('kick')
  board.stage(Array.from({ length: 20 }, (_, index) => set(`${ada}/kick`, index, 1 + index)))
  const cuts = view.cuts(0)
  t.equal(cuts.length, 16)
  for (const cut of cuts) view.advance(cut)
  view.advance(127)
  t.equal(view.get(kick), 15)
  board.finish()
  t.equal(view.get(kick), 19)
  board.stage([set(`${ada}/kick`, 1, 129), set(`${ada}/kick`, 2, 130)])
  t.deepEqual(view.cuts(128, 1), [129], 'less what else cuts the block')
  t.end()
})

test('tags: 64 handles', (t) => {
  const view: TagView = new TagBoard().view(ARP)
  for (let n = 0; n < MAX_HANDLES; n++) t.equal(view.open(`tag-${n}`), n)
  t.equal(view.open('one-more'), -1)
  t.end()
})

test('pending tags: visible at their beat, at the earliest in the next block', (t) => {
  const pending = new PendingTags()
  t.ok(pending.set(DRUMS, 'kick', 1, NaN, 0))
  t.ok(pending.set(DRUMS, 'chord', 3, 1, 0))
  t.ok(pending.set(ARP, 'density', 0.5, 0, 0), 'a beat that is over')
  t.deepEqual(pending.visible(128, grid), [set(`${DRUMS}/kick`, 1, 128), set(`${ARP}/density`, 0.5, 128)])
  t.deepEqual(pending.visible(256, grid), [])
  const block = Math.floor(BEAT / 128) * 128
  t.deepEqual(pending.visible(block, grid), [set(`${DRUMS}/chord`, 3, BEAT)], 'on its frame')
  t.end()
})

test('pending tags: of several for one frame the last set comes last', (t) => {
  const pending = new PendingTags()
  pending.set(DRUMS, 'kick', 1, 1, 0)
  pending.set(ARP, 'kick', 2, 1, 0)
  pending.set(DRUMS, 'kick', 3, 1, 128)
  const values = pending.visible(Math.floor(BEAT / 128) * 128, grid).map((change) => change.value)
  t.deepEqual(values, [1, 2, 3])
  t.end()
})

test('pending tags: bounds are each instance’s own', (t) => {
  const pending = new PendingTags()
  for (const bad of ['Kick', '', 'a/b', '..']) t.notOk(pending.set(DRUMS, bad, 1, 0, 0), JSON.stringify(bad))
  t.notOk(pending.set(DRUMS, 'kick', NaN, 0, 0))
  t.notOk(pending.set(DRUMS, 'kick', 1, Infinity, 0))
  t.notOk(pending.set(DRUMS, 'text', 'x'.repeat(1025), 0, 0))
  const many = (self: InstancePath, count: number, of: (n: number) => [string, number]) => {
    let counted = 0
    for (let n = 0; n < count; n++) if (pending.set(self, ...argumentsOf(...of(n)))) counted++
    return counted
  }
  const argumentsOf = (tag: string, block: number): [string, number, number, number] => [tag, 1, 1e6, block]
  t.equal(
    many(DRUMS, 100, () => ['kick', 0]),
    64,
    'sets in a block',
  )
  t.equal(
    many(ARP, 100, (n) => [`tag-${n}`, n * 128]),
    64,
    'names',
  )
  t.equal(
    many(DRUMS, 2000, (n) => ['kick', 128 + n * 128]),
    1024 - 64,
    'waiting',
  )
  t.ok(pending.set(`${ben}/bass/one` as InstancePath, 'kick', 1, 0, 0), 'nobody else is touched')
  t.end()
})

test('pending tags: an instance that is over is forgotten, what it has set is not', (t) => {
  const pending = new PendingTags()
  for (let n = 0; n < 64; n++) t.ok(pending.set(DRUMS, `tag-${n}`, n, 1, n * 128))
  t.notOk(pending.set(DRUMS, 'one-more', 1, 1, 9_000))
  pending.forget(DRUMS)
  pending.forget(ARP)
  t.equal(pending.visible(Math.floor(BEAT / 128) * 128, grid).length, 64)
  t.ok(pending.set(DRUMS, 'one-more', 1, 1, 9_000), 'nothing is known of it')
  t.end()
})

test('pending tags: of one player so much waits, whoever of its instances has set it', (t) => {
  const pending = new PendingTags()
  const text = 'x'.repeat(1024)
  for (let n = 0; n < 64; n++) t.ok(pending.set(`${ada}/drums/i-${n >> 3}` as InstancePath, 'text', text, 1e6, 0))
  for (const one of ['i-0', 'i-99']) {
    t.notOk(pending.set(`${ada}/drums/${one}` as InstancePath, 'text', 'x', 1e6, 0), 'text')
    t.ok(pending.set(`${ada}/drums/${one}` as InstancePath, 'number', 1, 1e6, 0), 'a number has none')
  }
  t.ok(pending.set(ARP, 'text', 'x', 1, 0), 'another player is not touched')
  let counted = 0
  for (let n = 0; n < 20_000; n++)
    if (pending.set(`${ben}/bass/i-${n >> 9}` as InstancePath, 'kick', n, 1, 128 * n)) counted++
  t.equal(counted, 8_191)
  t.ok(pending.set(DRUMS, 'number', 1, 1, 0))
  pending.visible(Math.floor(BEAT / 128) * 128, grid)
  t.ok(pending.set(ARP, 'text', text, 1, 0), 'what has become visible waits no longer')
  t.end()
})

test('pending tags: what is set for much later than its instance’s end is dropped with it, and makes room', (t) => {
  const pending = new PendingTags()
  const text = 'x'.repeat(1024)
  let counted = 0
  let most = 0
  for (let n = 0; n < 2_000; n++) {
    const self = `${ada}/drums/i-${n}` as InstancePath
    for (let m = 0; m < 60; m++) if (pending.set(self, 'far', text, 1e9 - m, 0)) counted++
    if (n % 100 === 0) pending.set(self, 'near', n, 257, 0)
    pending.set(self, 'beyond', n, 257 + 1 / 960, 0)
    pending.forget(self, 1)
    most = Math.max(most, pending.size)
  }
  t.equal(counted, 120_000)
  t.ok(most < 200, `${most} are held`)
  const last = grid.frameOfBeat(257)
  const seen: TagChange[] = []
  for (let from = 0; from <= last; from += 128) seen.push(...pending.visible(from, grid))
  t.deepEqual(
    seen,
    Array.from({ length: 20 }, (_, n) => set(`${ada}/drums/i-${100 * n}/near`, 100 * n, last)),
  )
  t.deepEqual(pending.visible(last, grid, Infinity), [], 'nothing more')
  t.end()
})

test('pending notes: begin on their frame, in order with tags; those whose frame is over are dropped and counted', (t) => {
  const pending = new PendingTags()
  const note = { velocity: 0.5, beats: 2 }
  const block = Math.floor(BEAT / 128) * 128
  pending.set(DRUMS, 'kick', 36, 1, 0, note)
  pending.set(DRUMS, 'kick', 1, 1, 0)
  pending.set(ARP, 'kick', 40, 1, 0, note)
  for (const beat of [-3, 0, 127 / BEAT]) t.ok(pending.set(DRUMS, 'kick', 1, beat, 0, note))
  t.deepEqual(pending.visible(128, grid), [])
  t.deepEqual(pending.late(128), [{ path: DRUMS, count: 3 }])
  t.deepEqual(pending.visible(block, grid), [
    { ...set(`${DRUMS}/note/kick`, 36, BEAT), note },
    set(`${DRUMS}/kick`, 1, BEAT),
    { ...set(`${ARP}/note/kick`, 40, BEAT), note },
  ])
  const faster = new Grid([{ bar: 0, tempo: 1_000, meter: '4/4', comparable: 0, key: '' as EntryKey }])
  t.ok(pending.set(DRUMS, 'kick', 1, 4, block, note))
  t.deepEqual(pending.visible(block + 128, faster), [], 'a change of tempo has overtaken it')
  t.deepEqual(pending.late(block + 128), [], 'told once in a second')
  pending.set(ARP, 'kick', 1, 0, block, note)
  pending.visible(48_128, grid)
  t.deepEqual(pending.late(48_128), [
    { path: DRUMS, count: 1 },
    { path: ARP, count: 1 },
  ])
  t.deepEqual(pending.late(200_000), [])
  t.end()
})

test('pending notes: 256 a block, and names of their own among the 64', (t) => {
  const pending = new PendingTags()
  const note = { velocity: 1, beats: 1 }
  const counted = (count: number, of: (n: number) => string, block: number): number =>
    Array.from({ length: count }, (_, n) => pending.set(DRUMS, of(n), n, 1e6, block, note)).filter(Boolean).length
  t.equal(
    counted(300, () => 'kick', 0),
    256,
  )
  t.ok(pending.set(DRUMS, 'kick', 1, 1e6, 0), 'tags have their own bound')
  t.equal(
    counted(100, (n) => `name-${n}`, 128),
    62,
    'kick has been used for notes and for tags',
  )
  t.equal(counted(250, () => 'kick', 256) + counted(250, () => 'kick', 384) + counted(250, () => 'kick', 512), 705)
  t.equal(pending.visible(128, grid).length, 0)
  t.end()
})

test('tag flow: entries before instances at one frame; when sees both in the block it starts in', (t) => {
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', BAR, { when: { name: 'cue', value: 2 } })
  jam.tag(BEN, 'cue', 1, BAR)
  const flow = new TagFlow()
  const pending = new PendingTags()
  const conductor = new JamConductor({ jam: JAM, readTag: flow.readTag })
  conductor.observe(jam.entries)
  for (const archive of ARCHIVES) conductor.archiveReady(archive)
  conductor.begin(95_872)
  flow.step({ pending, conductor }, 95_872)
  pending.set(ARP, 'cue', 2, 4, 95_872)
  const plan = flow.step({ pending, conductor }, 96_000)
  t.deepEqual(
    plan.changes.filter((change) => change.path.endsWith('cue')),
    [set(`${ben}/${name('cue')}`, 1, 96_000), set(`${ARP}/cue`, 2, 96_000)],
  )
  t.deepEqual(
    plan.commands.map((command) => [command.kind, command.frame]),
    [['start', 96_000]],
  )
  t.end()
})
