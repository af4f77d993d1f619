import { PassThrough } from 'node:stream'
import test from 'tape'
import { PacedLines } from '../../../lib/generators/process/node/lines.ts'
import { until } from '../../helpers/until.ts'

for (const past of ['wait', 'drop'] as const) {
  test(`lines for which there is no room now ${past}`, async (t) => {
    const stream = new PassThrough()
    const taken: string[] = []
    let room = 3
    let ended = false
    const onLine = (line: string): boolean => room > 0 && (room--, taken.push(line)) > 0
    const lines = new PacedLines({ stream, lines: 8, past, onLine, onEnd: () => (ended = true) })
    const all = ['a', 'b', 'c', 'd', 'e']
    stream.end(all.map((line) => `${line}\n`).join(''))
    await until('three are taken', () => taken.length === 3)
    await until('it is closed', () => stream.closed)
    t.equal(ended, past === 'drop', 'whether its end is told already')
    room = 100
    await until('it is over', () => ended)
    t.deepEqual(taken, past === 'wait' ? all : all.slice(0, 3))
    t.ok(lines.ended)
  })
}
