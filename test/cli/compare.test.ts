import test from 'tape'
import { comparisonWords, type Comparison } from '../../bin/cli/compare.ts'
import { refOf } from '../../lib/base/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { ADA } from '../helpers/jams.ts'

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** Bass differs in bars 3 and 4 of so many; the mix with it. */
function comparison(bars: number): Comparison {
  const path = `${refOf(ADA)}/bass/a-bass-with-a-name-that-is-long`
  const first = { frame: 192_000, bar: 3 }
  const reasons = [{ side: 'b' as const, kind: 'mix' as const, frame: 192_000, bar: 3, text: 'muted' }]
  return {
    jam: 'friday',
    equal: false,
    a: { what: 'score', samplesSha256: 'a' },
    b: { what: `/home/ada/.marmalade/takes/${'x'.repeat(80)}.take`, samplesSha256: 'b' },
    frames: [0, bars * 96_000],
    bars: [1, bars],
    rows: [
      {
        path,
        shown: `${shortIdOf(ADA)}:a-bass-with-a-name`,
        first,
        sounding: range(2, bars),
        differing: [3, 4],
        reasons,
      },
      { path: 'room', shown: 'room', sounding: range(1, 2), differing: [], reasons: [] },
      { path: 'mix', shown: 'mix', first, sounding: range(1, bars), differing: [3, 4], reasons: [] },
    ],
  }
}

test('a comparison is a table, why, and a line of bars for each', (t) => {
  const lines = comparisonWords(comparison(8)).split('\n')
  t.match(lines[3] ?? '', /^differs +from bar +frame +bars$/)
  t.match(lines[4] ?? '', /… +3 +192000 +2 of 7$/)
  t.ok(lines.some((line) => / in B at bar 3 muted$/.test(line)))
  t.match(lines.at(-4) ?? '', /^bars 1 to 8: # differs/)
  t.deepEqual(
    lines.slice(-3).map((line) => line.slice(20)),
    ['.=##====', '==......', '==##===='],
  )
  t.end()
})

test('a comparison fits 80 columns, however long the jam: several bars a column', (t) => {
  for (const bars of [60, 61, 600, 4_321]) {
    const lines = comparisonWords(comparison(bars)).split('\n')
    t.ok(
      lines.every((line) => line.length <= 80),
      `${bars} bars: ${Math.max(...lines.map(({ length }) => length))}`,
    )
    const [room, mix] = lines.slice(-2).map((line) => line.slice(20))
    t.equal(room?.length, mix?.length)
    t.ok(/^=+\.+$/.test(room ?? '') && /^=*#+=+$/.test(mix ?? ''), mix)
  }
  t.end()
})

test('equal ones say so, and those with nothing in common too', (t) => {
  const { rows, ...rest } = comparison(8)
  t.match(
    comparisonWords({ ...rest, rows, equal: true }),
    /^the same, every sample of every instance: bars 1 to 8, 16\.00 s$/,
  )
  t.match(comparisonWords({ ...rest, rows, frames: [0, 0] }), /no frame in common$/)
  t.end()
})

test('a comparison says what a take heard and is not in it', (t) => {
  const { a, b, ...rest } = comparison(8)
  const missing = { entries: 1, frame: 4_800_000 }
  for (const equal of [true, false]) {
    const lines = comparisonWords({ ...rest, equal, a, b: { ...b, missing } }).split('\n')
    t.ok(lines.includes('missing B heard 1 entry of no feed here, the first at frame 4800000:'))
    t.ok(lines.every((line) => line.length <= 80))
  }
  t.end()
})
