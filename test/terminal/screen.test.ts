import fc from 'fast-check'
import test from 'tape'
import { Screen, styled, type Key, type Line } from '../../bin/terminal/index.ts'
import { TestTerminal } from '../helpers/terminal.ts'
import { until } from '../helpers/until.ts'

function open(terminal: TestTerminal, onBlank: () => void = () => undefined): { screen: Screen; keys: Key[] } {
  const keys: Key[] = []
  const { input, output } = terminal
  return { screen: new Screen({ input, output, onKey: (key) => keys.push(key), onBlank }), keys }
}

const HOSTILE = '\u001B[2J\u001B[10;10Hx\u001B]0;title\u0007\r\n\u009B31m\u202Eevil'

test('lines are drawn where they belong and nothing that is the same is written again', async (t) => {
  const terminal = new TestTerminal(20, 4)
  const { screen } = open(terminal)
  const lines = (bar: string): Line[] => [['name', ' ', styled(bar, 'green'), ' -6.0'], ['second']]
  screen.draw(lines('###'))
  t.deepEqual(await terminal.rows(), ['name ### -6.0', 'second', '', ''])
  t.ok(terminal.alternate)
  terminal.written = ''
  screen.draw(lines('###'))
  await terminal.rows()
  t.equal(terminal.written, '')
  screen.draw(lines('##-'))
  t.deepEqual(await terminal.rows(), ['name ##- -6.0', 'second', '', ''])
  t.notOk(/name|second|-6\.0/.test(terminal.written), 'only the bar is written')
  screen.draw([['n']])
  t.deepEqual(await terminal.rows(), ['n', '', '', ''])
  screen.close()
  await terminal.rows()
  t.notOk(terminal.alternate)
  await screen.closed
})

test('names that steer terminals, wide ones and too long ones stay in their row', async (t) => {
  const terminal = new TestTerminal(12, 3)
  const { screen } = open(terminal)
  screen.draw([
    ['abc', HOSTILE],
    ['日本語のとても長い名前', 'x'],
    ['12345678901', styled('日', 'red')],
    ['below the screen'],
  ])
  const rows = await terminal.rows()
  t.ok(rows[0]?.startsWith('abc'))
  t.equal(rows[1], '日本語のと…')
  t.equal(rows[2], '12345678901…')
  t.equal(terminal.scrolled, 0)
  screen.close()
})

test('whatever was on the screen before, a frame looks as if it were the first', async (t) => {
  const text = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
    fc.constantFrom('日本', 'a\u0301', '👩‍👩‍👧', HOSTILE, '', '   ', '각', '\uD800', 'ｶﾞ', 'ABC'),
  )
  const part = fc.oneof(
    text,
    text.map((of) => styled(of, 'bold', 'red')),
  )
  const frame = fc.array(fc.array(part, { maxLength: 4 }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 2, maxLength: 5 }), async (frames) => {
      const [one, other] = [new TestTerminal(16, 5), new TestTerminal(16, 5)]
      const drawn = open(one).screen
      for (const lines of frames) drawn.draw(lines)
      const fresh = open(other).screen
      fresh.draw(frames.at(-1) ?? [])
      const [rows, expected] = [await one.rows(), await other.rows()]
      const scrolled = one.scrolled
      drawn.close()
      fresh.close()
      return scrolled === 0 && JSON.stringify(rows) === JSON.stringify(expected)
    }),
    { numRuns: 150 },
  )
  t.pass('150 sequences of frames')
})

test('keys have names, pasted text is one, and control-C gives the terminal back', async (t) => {
  const terminal = new TestTerminal(20, 4)
  const { screen, keys } = open(terminal)
  const names = async (...typed: string[]): Promise<string[]> => {
    keys.length = 0
    for (const [at, text] of typed.entries()) {
      terminal.type(text)
      await until('a key', () => keys.length > at)
    }
    return keys.map(({ name }) => name)
  }
  t.deepEqual(await names('q', '+', ' ', 'é', 'Q'), ['q', '+', ' ', 'é', 'Q'])
  t.deepEqual(await names('\u001B[A', '\u001BOB', '\r', '\u007F', '\u0015', '\t', '\u001B'), [
    'up',
    'down',
    'enter',
    'backspace',
    'ctrl-u',
    'tab',
    'escape',
  ])
  t.deepEqual(await names('\u001B[200~quit\r\u001B[201~'), ['paste'])
  t.equal(keys[0]?.text, 'quit\r')
  terminal.type('\u0003')
  await screen.closed
  await terminal.rows()
  t.notOk(terminal.alternate)
  t.equal(terminal.input.listenerCount('keypress'), 0)
})

test('another size blanks the screen and is drawn anew', async (t) => {
  const terminal = new TestTerminal(20, 4)
  let blanks = 0
  const { screen } = open(terminal, () => {
    blanks++
    screen.draw([[`${screen.columns}x${screen.rows}`]])
  })
  screen.draw([['20x4 and more']])
  terminal.resize(30, 6)
  t.deepEqual(await terminal.rows(), ['30x6', '', '', '', '', ''])
  t.equal(blanks, 1)
  screen.close()
})

test('without colours only what is no colour is left of a look', async (t) => {
  const terminal = new TestTerminal(20, 2, false)
  const { screen } = open(terminal)
  terminal.written = ''
  screen.draw([[styled('loud', 'bold', 'red')]])
  await terminal.rows()
  t.ok(terminal.written.includes('\u001B[1mloud'))
  t.notOk(terminal.written.includes('\u001B[31m'))
  screen.close()
})
