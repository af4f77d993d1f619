import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import test from 'tape'
import { progressBar } from '../../bin/cli/progress.ts'

/** A terminal of 80 columns, or what is none, that remembers what was written to it. */
class Screen extends Writable {
  readonly columns = 80
  readonly isTTY: boolean
  text = ''

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
}

test('progress: on a terminal a bar that goes on from where the work begins and leaves nothing behind', (t) => {
  const screen = new Screen(true)
  const bar = progressBar('checking', screen)
  t.equal(screen.text, '', 'nothing before the work is known')
  bar.update(50, 200)
  t.match(stripVTControlCharacters(screen.text), /checking [█░]+ 25 % {2}\S+ left/)
  t.ok(stripVTControlCharacters(screen.text).length < 80)
  screen.text = ''
  bar.update(200, 200)
  bar.stop()
  t.match(stripVTControlCharacters(screen.text), /checking █+ 100 %/)
  t.ok(screen.text.includes('\u001b[?25h'), 'the cursor is there again')
  t.ok(screen.text.endsWith('\u001b[1G\u001b[2K'), 'and the line is empty')
  screen.text = ''
  bar.stop()
  t.equal(screen.text, '', 'stopping again says nothing')
  t.end()
})

test('progress: what ends before it began has no bar, and a pipe never has one', (t) => {
  const screen = new Screen(true)
  progressBar('replay', screen).stop()
  t.equal(screen.text, '')
  const pipe = new Screen(false)
  const bar = progressBar('replay', pipe)
  bar.update(1, 2)
  bar.stop()
  t.equal(pipe.text, '')
  t.end()
})
