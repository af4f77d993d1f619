import test from 'tape'
import { Prompt, type Key } from '../../bin/terminal/index.ts'

const key = (name: string): Key => ({ name, text: name.length === 1 ? name : '' })

function type(prompt: Prompt, ...names: string[]): void {
  for (const name of names) prompt.press(key(name))
}

test('a line is typed, corrected, and done or cancelled', (t) => {
  const prompt = new Prompt('say: ')
  type(prompt, 'h', 'e', 'y', ' ', 'y', 'o', 'left', 'backspace', 'Y', 'end', '!')
  t.equal(prompt.text, 'hey Yo!')
  t.deepEqual(prompt.view(40).column, 5 + 7)
  type(prompt, 'ctrl-w')
  t.equal(prompt.text, 'hey ')
  type(prompt, 'home', 'delete', 'ctrl-e', 'x')
  t.equal(prompt.text, 'ey x')
  type(prompt, 'ctrl-a', 'right', 'ctrl-k')
  t.equal(prompt.text, 'e')
  type(prompt, 'ctrl-u', 'end', 'ctrl-u')
  t.equal(prompt.text, '')
  t.equal(prompt.press(key('enter')), 'done')
  t.equal(prompt.press(key('escape')), 'cancelled')
  t.end()
})

test('pasted lines are one, no more is taken than fits, and the cursor stays on the screen', (t) => {
  const prompt = new Prompt('> ', 10)
  prompt.press({ name: 'paste', text: 'ab\r\ncd\u001B[2J日本語日本語' })
  t.equal(prompt.text, 'ab  cd日本語日')
  const { line, column } = prompt.view(9)
  t.ok(column <= 8)
  t.equal(line[1], '本語日')
  t.end()
})
