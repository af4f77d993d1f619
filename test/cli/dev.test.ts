import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withTeardown, Teardown } from '../helpers/hosts.ts'
import test from 'tape'
import { wordsOf } from '../../bin/dev/events.ts'
import { differs, Folder } from '../../bin/dev/folder.ts'
import { screenLines } from '../../bin/dev/view.ts'
import { lineColumns } from '../../bin/terminal/index.ts'

test('what happened is said in lines', (t) => {
  const playing = { event: 'playing', bar: 17, version: 2, millis: 900 } as const
  t.deepEqual(wordsOf(playing), ['reloaded at bar 17'])
  t.deepEqual(wordsOf({ ...playing, load: 3.14, peak: 0.5, carried: true }), [
    'reloaded at bar 17: 3.1 ms a second of sound, peak -6.0 dBFS, its state went over',
  ])
  t.deepEqual(wordsOf({ ...playing, version: 1, carried: false }), ['playing from bar 17, it began afresh'])
  const fault = { event: 'fault', file: 'src/a.ts', line: 3, column: 5, message: 'what', hint: 'so' } as const
  t.deepEqual(wordsOf(fault), ['src/a.ts:3:5: what', '    so'])
  t.end()
})

test('the screen fits its terminal: levels, tags, what happened last, and the keys', (t) => {
  const state = {
    levels: { peak: 0.5, rms: 0.1, load: 3 },
    tags: new Map(Array.from({ length: 40 }, (_, n) => [`tag-${n}`, n / 3])),
    building: false,
    bar: 9,
    published: undefined,
  }
  const happened = Array.from({ length: 100 }, (_, n) => ({ text: `line ${n}`, looks: [] }))
  happened.splice(98, 1, { text: 'word '.repeat(40).trimEnd(), looks: [] })
  for (const [columns, rows] of [
    [80, 24],
    [120, 50],
    [80, 6],
  ] as const) {
    const lines = screenLines({ title: 'ping in friday', session: { state }, happened, rows, columns })
    t.equal(lines.length, rows)
    t.ok(lines.every((line) => lineColumns(line) <= columns))
    const texts = lines.map((line) => line.map((part) => (typeof part === 'string' ? part : part.text)).join(''))
    t.ok(texts[0]?.startsWith('ping in friday  sounds since bar 9'))
    t.equal(texts.at(-2), 'line 99')
    if (rows < 10) continue
    t.ok(texts.includes('tag-39 13'), 'the newest tags')
    t.equal(texts.at(-3), `word `.repeat((200 % columns || columns) / 5).trimEnd(), 'what is too long is wrapped')
    t.ok(texts.at(-1)?.startsWith('p publish'))
  }
  t.end()
})

withTeardown(
  'changes of a folder are noticed, those of what it does not pack are not',
  () => new Teardown(),
  () => [],
  async (t, teardown) => {
    const root = await teardown.folder()
    const { signal } = new AbortController()
    await mkdir(join(root, 'src'))
    await mkdir(join(root, 'node_modules'))
    await writeFile(join(root, 'src', 'a.ts'), 'one')
    const folder = teardown.add(new Folder(root), (it) => it.close())
    const before = await folder.read()
    t.deepEqual([...before.keys()], ['src/a.ts'])
    await writeFile(join(root, 'node_modules', 'b'), 'nobody looks')
    await writeFile(join(root, 'src', 'a.ts.new'), 'two')
    await rename(join(root, 'src', 'a.ts.new'), join(root, 'src', 'a.ts'))
    await folder.changed(signal)
    const after = await folder.read()
    t.ok(differs(before, after))
    t.notOk(differs(before, after, (path) => path.endsWith('.ts')))
    await mkdir(join(root, 'deep'))
    await folder.changed(signal)
    await folder.read()
    await writeFile(join(root, 'deep', 'c'), 'new')
    await folder.changed(signal)
    t.ok(differs(after, await folder.read()), 'a file more')
    t.notOk(differs(after, after))
  },
)
