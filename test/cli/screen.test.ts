import { execFileSync } from 'node:child_process'
import test from 'tape'
import { COLUMNS, cut, fitted, fittedTable } from '../../bin/cli/screen.ts'
import { table } from '../../bin/cli/words.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { archiveOf, fixtureBytes } from '../helpers/generators.ts'
import { e2e } from '../helpers/node-kit.ts'
import { asked, marmalade } from '../helpers/programs.ts'

/** Runs a command in a terminal that does not say how wide it is. */
const TERMINAL = ['python3', '-c', 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))']

/** Why there is no terminal for tests; undefined where there is one. */
function withoutTerminal(): string | undefined {
  try {
    execFileSync('python3', ['-c', 'import os, pty; os.waitstatus_to_exitcode'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'python3 from 3.9 on is missing: apt-get install python3'
  }
}

test('tables: as wide as they need in a pipe, cut to the columns of a terminal, an ellipsis for what is gone', (t) => {
  const rows = [
    ['ada', 'a'.repeat(100)],
    ['b\u001b[2Jen', 'short\nand two'],
  ]
  const text = table(['player', 'why'], rows)
  t.deepEqual(text.split('\n'), ['player  why', `ada     ${'a'.repeat(100)}`, 'ben     short and two'])
  const { isTTY, columns } = process.stdout
  try {
    for (const [width, expected] of [
      [40, 40],
      [120, 120],
      [0, COLUMNS],
    ] as const) {
      Object.assign(process.stdout, { isTTY: true, columns: width })
      const lines = fitted(text).split('\n')
      t.ok(lines.every((line) => line.length <= expected))
      t.equal(lines[1]?.endsWith('…'), expected < 108)
      t.equal(lines[2], 'ben     short and two', 'what fits is whole')
    }
    Object.assign(process.stdout, { isTTY: false, columns: 40 })
    t.equal(fitted(text), text, 'into a pipe everything goes')
  } finally {
    Object.assign(process.stdout, { isTTY, columns })
  }
  t.equal(cut('ab😀cd', 4), 'ab…', 'no half of a character')
  t.end()
})

test('tables: the widest columns give way, so that all of them are seen', (t) => {
  const name = 'x'.repeat(64)
  const text = (): string[] =>
    fittedTable(
      ['name', 'player', 'as', ''],
      [
        [name, name, 'wasm', 'not here'],
        ['bass', 'ada', 'wasm', ''],
      ],
    ).split('\n')
  const { isTTY, columns } = process.stdout
  try {
    Object.assign(process.stdout, { isTTY: true, columns: 60 })
    const [head = '', long = '', short = ''] = text()
    t.equal(long.length, 60, 'no column more than there are')
    t.match(long, /^x{20,}… {2}x{20,}… {2}wasm {2}not here$/)
    t.deepEqual([head.indexOf('as'), short.indexOf('wasm')], [long.indexOf('wasm'), long.indexOf('wasm')], 'in columns')
    Object.assign(process.stdout, { columns: 20 })
    t.ok(
      text().every((line) => line.length <= 20),
      'where nothing helps lines are cut',
    )
    Object.assign(process.stdout, { isTTY: false })
    t.equal(text()[1], `${name}  ${name}  wasm  not here`, 'into a pipe everything goes')
  } finally {
    Object.assign(process.stdout, { isTTY, columns })
  }
  t.end()
})

e2e(
  'what a node says in tables fits a terminal of 80 columns, whatever players and blobs are called',
  async (t, kit) => {
    const [ada, ben] = [await kit.node(), await kit.node()]
    const long = 'ben who is called by a name of as many letters as there may be..'
    await ben.ask(playersContract).identify({ name: long })
    await ada.ask(playersContract).identify({ name: 'ada', about: 'a'.repeat(200) })
    await ada.follow(ben)
    await ada.dial(ben)
    await ada.publish('drums')
    const { home } = ada.node
    const why = withoutTerminal()
    if (why !== undefined) t.comment(`not on a terminal: ${why}`)
    for (const args of [['feeds'], ['feed'], ['peers'], ['blobs', 'list'], ['generator', 'list']]) {
      const { code, stdout } = await marmalade(args, { home: home.path, under: why === undefined ? TERMINAL : [] })
      t.equal(code, 0, args.join(' '))
      const lines = stdout.replaceAll('\r', '').trimEnd().split('\n')
      t.ok(lines.length > 1 || args[0] === 'feed', stdout)
      if (why === undefined)
        t.deepEqual(
          lines.filter((line) => line.length > COLUMNS),
          [],
        )
    }
    const name = 'n'.repeat(64)
    await ada.publishUnchecked(name, archiveOf(fixtureBytes('clapper', 'clapper.wasm')))
    await ada.ask(jamsContract).jam.start({ name })
    await ada.ask(jamsContract).perform.play({ generator: name, as: name })
    for (const [args, last] of [
      [['generator', 'list'], /n… {2}.* wasm +.* ago/],
      [['jam', 'list'], /n… {2}.* starter +1 +112 4.4 +bar/],
      [['jam', 'show'], /n… {2}.* n+… {2}bar \d/],
    ] as const) {
      const { stdout } = await marmalade(args, { home: home.path, under: why === undefined ? TERMINAL : [] })
      const row =
        stdout
          .replaceAll('\r', '')
          .split('\n')
          .find((line) => line.includes('n…  ')) ?? ''
      if (why === undefined) t.match(row, last, args.join(' '))
      t.ok((await marmalade(args, { home: home.path })).stdout.includes(`${name}  `), 'whole in a pipe')
    }
    const { connected } = await asked<{ connected: { shown: string }[] }>(['peers'], { home: home.path })
    t.equal(connected.length, 1)
  },
)
