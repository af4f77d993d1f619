import { XmlElement } from '@rgrove/parse-xml'
import test from 'tape'
import { BLOCK, refOf, type Bars, type EntryKey, type Frames, type PlayerRef } from '../../lib/base/index.ts'
import { Grid, type InstancePath, type TagChange } from '../../lib/jam/index.ts'
import type { Stem } from '../../lib/mix/index.ts'
import {
  drawPicture,
  MAX_LANES,
  Overview,
  type Picture,
  type PicturedInstance,
  type PicturedRendition,
} from '../../lib/picture/index.ts'
import { ADA, BEN, playerNamed } from '../helpers/jams.ts'
import { readSvg, type ReadSvg } from '../helpers/svg.ts'

/** At 120 beats a minute. */
const BAR = 96_000
const GRID = new Grid([{ bar: 0, tempo: 120, meter: '4/4', comparable: 0, key: '' as EntryKey }])
const [A, B] = [refOf(ADA), refOf(BEN)]

interface Heard {
  readonly path: string
  /** Bars from 0. */
  readonly from: Bars
  readonly to: Bars
  readonly track?: string
  readonly stopped?: Bars
  readonly late?: Frames
}

const at = (bar: Bars): Frames => Math.round(bar * BAR)

/** A rendition in which each sounds at one level from its first bar to its last. */
function rendition(bars: Bars, heard: readonly Heard[], changes: readonly TagChange[] = []): PicturedRendition {
  const overview = new Overview()
  const plane = new Float32Array(BLOCK).fill(0.25)
  const planes = { left: plane, right: plane, rawLeft: plane, rawRight: plane, gainLeft: 1, gainRight: 1 }
  // Some blocks are enough: columns are wider.
  const step = BLOCK * Math.max(8, Math.floor(at(bars) / BLOCK / 4_000))
  for (let frame = 0; frame < at(bars); frame += step) {
    const sounding = heard.filter(({ from, to }) => frame >= at(from) && frame < at(to))
    overview.stems(
      sounding.map(({ path, track }): Stem => ({ path: path as InstancePath, track, ...planes })),
      frame,
    )
  }
  overview.changes(changes)
  const instances = heard.map(({ path, from, to, stopped, late }): PicturedInstance => ({
    path,
    from: at(from),
    to: at(to),
    ...(stopped !== undefined && { stopped: { frame: at(stopped), reason: 'stop' } }),
    ...(late !== undefined && { late }),
    params: [],
  }))
  return { from: 0, to: at(bars), overview, instances }
}

function picture(renditions: readonly PicturedRendition[], more: Partial<Picture> = {}): Picture {
  return {
    title: 'First light',
    facts: ['120 bpm', '4/4'],
    players: [
      { ref: A, name: 'ada', short: 'aaaaaaaa' },
      { ref: B, name: 'ben', short: 'bbbbbbbb' },
    ],
    grid: GRID,
    talk: [],
    renditions,
    differences: [],
    reasons: [],
    credits: [['set', 'c0ffee']],
    ...more,
  }
}

const DUO: readonly Heard[] = [
  { path: `${A}/drums/drums`, from: 0, to: 8, track: 'kit', stopped: 6 },
  { path: `${B}/bass/low`, from: 2, to: 8, track: 'bass' },
]

/** Groups that are of one instance: those whose title begins so. */
const shapesOf = ({ elements }: ReadSvg, title: string): ReadSvg['elements'] =>
  elements.filter(({ name, children: [first] }) => {
    return name === 'g' && first instanceof XmlElement && first.name === 'title' && first.text.startsWith(title)
  })
const partsOf = (group: ReadSvg['elements'][number] | undefined, className: string): Record<string, string>[] =>
  (group?.children ?? []).flatMap((child) =>
    child instanceof XmlElement && child.attributes['class'] === className ? [child.attributes] : [],
  )

/** Where frame 0 lies, and how wide a bar is. */
const [LEFT, RIGHT] = [196, 1_544]

test('every instance is there, at its place, in its row, in its hue, with its name', (t) => {
  const read = readSvg(drawPicture(picture([rendition(8, DUO)])))
  const [drums, bass] = [shapesOf(read, 'ada: drums')[0], shapesOf(read, 'ben: low')[0]]
  const each = (RIGHT - LEFT) / 8
  const [body] = partsOf(drums, 'body')
  t.deepEqual([Number(body?.['x']), Number(body?.['width'])], [LEFT, 6 * each], 'the body ends where it is stopped')
  t.equal(partsOf(drums, 'tail').length, 1, 'and its tail rings')
  const [other] = partsOf(bass, 'body')
  t.deepEqual([Number(other?.['x']), Number(other?.['width'])], [LEFT + 2 * each, 6 * each])
  t.ok(Number(other?.['y']) >= Number(body?.['y']) + Number(body?.['height']), 'in a row below')
  t.notEqual(drums?.attributes['fill'], bass?.attributes['fill'])
  for (const shown of ['kit', 'bass', 'First light', 'c0ffee', 'ada · drums', 'ben · low'])
    t.ok(read.texts.includes(shown), shown)
  t.ok(read.titles.some((title) => title.includes('bars 1 to 6, 0:12.0, then rings for 0:04.0')))
  t.equal(partsOf(drums, 'peak').length + partsOf(drums, 'rms').length, 2)
  t.end()
})

test('sections, changes of tempo and meter, tags and talk are told', (t) => {
  const grid = new Grid([
    { bar: 0, tempo: 120, meter: '4/4', comparable: 0, key: '' as EntryKey },
    { bar: 4, tempo: 150, meter: '7/8', comparable: 1, key: '' as EntryKey },
  ])
  const changes: TagChange[] = [
    { path: 'jam/context', value: 'intro', frame: 0 },
    { path: 'jam/context', value: 'drop', frame: at(4) },
    { path: `${A}/chords/chords/chord`, value: 'Dm7', frame: 0 },
    { path: `${A}/arp/arp/density`, value: 0.5, frame: 0 },
    { path: `${A}/arp/arp/density`, value: 0.75, frame: at(3) },
  ]
  const talk = [
    { frame: at(2), player: B, text: 'drop at bar 5' },
    { frame: at(9), player: B, text: 'good night' },
  ]
  const { texts, titles } = readSvg(drawPicture(picture([rendition(8, DUO, changes)], { grid, talk })))
  for (const shown of ['INTRO', 'DROP', '150 bpm 7/8', 'chord', 'Dm7', 'density', 'ben: drop at bar 5', '5'])
    t.ok(texts.includes(shown), shown)
  t.ok(titles.includes('0.5 to 0.75'))
  t.notOk(
    texts.some((shown) => shown.includes('good night')),
    'what is said after the end is not of it',
  )
  t.end()
})

test('names from the network are cut, made plain and escaped wherever they stand', (t) => {
  const evil = `</text><script>alert("1")</script>&\u202e\u0000\ud800 ${'z\u0301\u0301\u0301\u0301'.repeat(9)}${'W'.repeat(5_000)}`
  const heard = DUO.map((one) => ({ ...one, track: evil }))
  const changes = ['jam/context', `${A}/${evil}`].map((path): TagChange => ({ path, value: evil, frame: 0 }))
  const duo = rendition(8, heard, changes)
  const svg = drawPicture(
    picture([{ ...duo, title: evil }, duo], {
      title: evil,
      facts: [evil],
      players: [
        { ref: A, name: evil, short: evil },
        { ref: `${evil}/` as PlayerRef, name: '', short: '' },
      ],
      talk: [{ frame: at(1), player: evil as PlayerRef, text: evil }],
      reasons: [evil],
      credits: [[evil.slice(0, 9), evil]],
    }),
  )
  const { texts, titles } = readSvg(svg)
  t.deepEqual(
    ['<script', '\u202e', '\u0000'].filter((bad) => svg.includes(bad)),
    [],
  )
  t.notOk(svg.includes('\u0301\u0301\u0301'), 'marks do not pile up')
  t.ok(texts.every((shown) => shown.length < 420) && titles.every((shown) => shown.length < 1_500))
  t.ok(svg.length < 200_000, `${svg.length} bytes`)
  t.end()
})

test('the same picture is the same bytes', (t) => {
  const draw = (): string => drawPicture(picture([rendition(8, DUO)]))
  t.equal(draw(), draw())
  t.end()
})

test('two renditions lie one above the other in the same rows, with what differs marked', (t) => {
  const [drums, bass] = DUO as readonly [Heard, Heard]
  const two = [
    { ...rendition(8, DUO), title: 'A' },
    { ...rendition(8, [{ ...drums, late: 24_000 }]), title: 'B' },
  ]
  const differences = [
    { path: drums.path, bars: new Set([3, 4, 6]) },
    { path: bass.path, bars: new Set([2, 3, 4, 5, 6, 7]) },
  ]
  const read = readSvg(drawPicture(picture(two, { differences, reasons: ['bass: in B not heard'] })))
  const [above, below] = shapesOf(read, 'ada: drums')
  const [high, low] = [partsOf(above, 'body')[0], partsOf(below, 'body')[0]]
  t.equal(high?.['x'], low?.['x'])
  t.ok(Number(high?.['y']) + Number(high?.['height']) < Number(low?.['y']))
  t.deepEqual([partsOf(above, 'late').length, partsOf(below, 'late').length], [0, 1])
  t.equal(shapesOf(read, 'not heard here').length, 1, 'what one alone has is dashed in the other')
  const each = (RIGHT - LEFT) / 8
  const hatched = read.elements.filter(({ attributes }) => attributes['fill'] === 'url(#differs)')
  const xs = hatched.map(({ attributes }) => [Number(attributes['x']), Number(attributes['width'])])
  const near = (x: number, width: number): number =>
    xs.filter(([a = 0, b = 0]) => Math.abs(a - x) < 0.02 && Math.abs(b - width) < 0.02).length
  t.deepEqual(
    [near(LEFT + 3 * each, 2 * each), near(LEFT + 6 * each, each), near(LEFT + 2 * each, 6 * each)],
    [2, 2, 2],
  )
  for (const shown of ['A', 'B', 'bass: in B not heard', 'not the same in both'])
    t.ok(read.texts.includes(shown), shown)
  t.end()
})

test('a jam of hours with thousands of instances, players and tags is a picture of bounded size', (t) => {
  const refs = Array.from({ length: 300 }, (_, i) => refOf(playerNamed(`p${i}`)))
  const bars = 6_000
  const many = (tracks: number, playing: number): Heard[] =>
    Array.from({ length: 3_000 }, (_, i) => {
      const from = (i * 1.9) % (bars - 200)
      return {
        path: `${refs[i % playing] ?? ''}/g/i${i}`,
        from,
        to: from + 1 + (i % 150),
        track: `track-${i % tracks}`,
      }
    })
  const changes = Array.from({ length: 20_000 }, (_, i): TagChange => ({
    path: i % 2 === 0 ? 'jam/context' : `${refs[0] ?? ''}/t${i % 9}`,
    value: `v${i % 13}`,
    frame: at(i / 4),
  }))
  const talk = Array.from({ length: 5_000 }, (_, i) => ({
    frame: at(i),
    player: refs[i % 300]!,
    text: 'w'.repeat(900),
  }))
  const players = refs.map((ref, i) => ({ ref, name: `player ${i}`, short: `p${i}` }))
  for (const [tracks, playing, drawnAs] of [
    [1, 300, 1],
    [7, 6, 42],
    [900, 300, 40],
  ] as const) {
    const whole = rendition(bars, many(tracks, playing), changes)
    const svg = drawPicture(picture([whole], { players, talk }))
    const { elements } = readSvg(svg)
    const bodies = elements.filter(({ attributes }) => attributes['class'] === 'body').length
    t.equal(bodies, drawnAs, `${tracks} tracks, ${playing} players: ${bodies} shapes`)
    t.ok(svg.length < 2_000_000, `${(svg.length / 1e6).toFixed(2)} MB`)
    const rows = new Set(elements.flatMap(({ attributes: { class: name, y } }) => (name === 'body' ? [y] : [])))
    t.ok(rows.size <= MAX_LANES, `${rows.size} lanes`)
  }
  t.end()
})

test('a thousand swaps are drawn as one for each stretch of them; a few one by one', (t) => {
  /** Stretches of so many, one bar after another, with a rest of 50 bars between. */
  const swaps = (each: number, stretches: number): Heard[] =>
    Array.from({ length: each * stretches }, (_, i) => {
      const from = 2 * i + 50 * Math.floor(i / each)
      return { path: `${A}/bass/bass-${i}`, from, to: from + 1, track: 'bass' }
    })
  for (const [each, stretches, drawnAs] of [
    [100, 10, 10],
    [4, 10, 40],
  ] as const) {
    const read = readSvg(
      drawPicture(picture([rendition(2 * each * stretches + 50 * stretches, swaps(each, stretches))])),
    )
    const bodies = read.elements.filter(({ attributes }) => attributes['class'] === 'body')
    t.equal(bodies.length, drawnAs)
    t.equal(new Set(bodies.map(({ attributes }) => attributes['y'])).size, 1, 'in one lane')
  }
  t.end()
})
