import test from 'tape'
import { encodePointRun, encodePointsHeader, parsePoints, type PointRun } from '../../lib/jam/index.ts'

const all = (): boolean => true
const RUNS: readonly PointRun[] = [
  {
    path: 'local/mix/track:a "b"\n/gain',
    before: 0,
    points: [
      { frame: -5, value: 0.1 },
      { frame: 7, value: 'drop' },
    ],
  },
  { path: 'jam/beat', before: 40, points: [{ frame: 1_234_567, value: 41 }] },
]

test('points: what is written is read, each line by itself', (t) => {
  const text = encodePointsHeader(17) + RUNS.map(encodePointRun).join('')
  t.equal(text.split('\n').length, 4, 'a line each')
  t.deepEqual(parsePoints(text, all), { since: 17, runs: RUNS, damaged: 0 })
  t.deepEqual(parsePoints(text, (path) => path === 'jam/beat')?.runs, [RUNS[1]], 'what is asked for alone')
  t.end()
})

test('points: what a crash tore is passed over, what is damaged is counted', (t) => {
  const [one = '', two = ''] = RUNS.map(encodePointRun)
  const head = encodePointsHeader(17)
  for (let length = head.length; length < head.length + one.length + two.length; length++) {
    const read = parsePoints((head + one + two).slice(0, length), all)
    const whole = length < head.length + one.length ? 0 : 1
    if (read?.damaged !== 0 || read.runs.length !== whole) t.fail(`torn after ${length} characters`)
  }
  const noise = [
    'no JSON',
    'null',
    '[]',
    '{"path":"a","before":0.5,"points":[]}',
    '{"path":"a","before":0,"points":[[1]]}',
  ]
  const read = parsePoints(`${head}${noise.join('\n')}\n${two}`, all)
  t.deepEqual([read?.damaged, read?.runs], [noise.length, [RUNS[1]]])
  for (const other of ['', head.slice(0, -1), '{}\n', head.replace('"version":1', '"version":2')])
    t.equal(parsePoints(other + one, all), undefined, `not what this version writes: ${JSON.stringify(other)}`)
  t.end()
})
