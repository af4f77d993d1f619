import { readPayload } from '../../lib/entry/index.ts'
import { name as checkedName, jamIdOf } from '../../lib/base/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract, type MixRow } from '../../plugins/sound/index.ts'
import { e2e, instanceNames, type NodeKit, type TestNode } from '../helpers/node-kit.ts'
import { marmalade, PROGRAM } from '../helpers/programs.ts'
import { Tmux, withoutTmux } from '../helpers/tmux.ts'
import { until } from '../helpers/until.ts'

const HOSTILE = 'above\nover it all 日本語 👩‍👩‍👧 '.repeat(3).trim()

/** A node on which two instances of drums play in a fast jam. */
async function playing(kit: NodeKit): Promise<TestNode> {
  const node = await kit.node()
  const { jam, perform } = node.ask(jamsContract)
  await node.publish('drums')
  await jam.start({ name: 'fast', tempo: 300 })
  await node.sounds('it renders', ({ frame }) => frame !== undefined)
  for (const as of ['a', 'b']) await perform.play({ generator: 'drums', as, on: 'now' })
  await node.sounds('both sound', (status) => instanceNames(status).length === 2)
  return node
}

/** What a node's player said, newest first. */
async function notesOf(node: TestNode): Promise<string[]> {
  const said: string[] = []
  for await (const entry of node.feeds.store.byType('public_note', { identity: node.id })) {
    const read = readPayload(entry)
    if (read.kind === 'public_note') said.push(read.payload.text)
  }
  return said
}

const setOf = (rows: readonly MixRow[], target: string): Partial<MixRow> => {
  const { gain, pan, mute, solo } = rows.find(({ target: name }) => name.includes(target)) ?? {}
  return {
    ...(gain !== undefined && gain !== 0 && { gain }),
    ...(pan !== undefined && pan !== 0 && { pan }),
    ...(mute === true && { mute }),
    ...(solo === true && { solo }),
  }
}

/** A test in a real terminal; skipped where there is none. */
function inTmux(title: string, body: Parameters<typeof e2e>[1]): void {
  e2e(title, async (t, kit) => {
    const missing = withoutTmux()
    if (missing === undefined) await body(t, kit)
    else t.skip(missing)
  })
}

inTmux('watch: every key does what it says, in a terminal of 80x24', async (t, kit) => {
  const node = await playing(kit)
  const id = jamIdOf(node.id, checkedName('fast'))
  const { mix, tags } = node.ask(soundContract)
  const { perform } = node.ask(jamsContract)
  await perform.say({ text: HOSTILE })
  const tmux = await Tmux.start(kit, `${process.execPath} ${PROGRAM} watch --home ${node.node.home.path}`)
  const becomes = async (target: string, expected: Partial<MixRow>, ...keys: string[]): Promise<void> => {
    for (const key of keys) await tmux.press(key)
    const wanted = JSON.stringify(expected)
    const seen = await until(
      keys.join(' '),
      () => mix.settings(),
      (rows) => JSON.stringify(setOf(rows, target)) === wanted,
    )
    t.deepEqual(setOf(seen, target), expected, `${keys.join(' ')}: ${target}`)
  }
  const answers = async (key: string, prompt: string, text: string): Promise<void> => {
    await tmux.press(key)
    await tmux.shows(prompt)
    await tmux.type(text)
    await tmux.press('Enter')
  }

  const first = await tmux.shows('INSTANCES 2')
  t.ok(first[0]?.includes(' fast  by ') && first[0].includes('300 BPM 4/4'), 'which jam, and where')
  t.ok(first.join('\n').includes('over it all'), 'what is said stays in its place')
  t.equal(first.length, 24)
  t.ok(await tmux.isAlternate())

  await becomes('/a', { mute: true }, 'm')
  await becomes('/a', { mute: true, solo: true }, 's')
  await becomes('/a', { solo: true }, 'm')
  await becomes('/a', { gain: 2, solo: true }, '+', '+', '=', '-')
  await becomes('/a', { gain: 2, pan: 0.1, solo: true }, '>', '>', '<')
  await answers('S', 'save the mix as', 'one')
  await until(
    'a scene is kept',
    () => mix.scenes(),
    ({ length }) => length === 1,
  )
  await becomes('/a', {}, '0')
  await becomes('/a', { gain: 2, pan: 0.1, solo: true }, '1')
  await becomes('/a', {}, '0')
  await becomes('/b', { mute: true }, 'Down', 'm')
  await becomes('/b', {}, 'm')
  await becomes('/a', { mute: true }, 'k', 'm')
  await becomes('/a', {}, 'm')
  await becomes('/b', { mute: true }, 'j', 'm')
  await becomes('/b', {}, 'm')
  await becomes('track:drums', { solo: true }, 'Tab', 's')
  await becomes('track:drums', {}, 's')
  await becomes('player:', { gain: -1 }, 'Tab', '-')
  await becomes('player:', {}, '+', 'Tab')

  await tmux.press('f')
  await tmux.shows('tab: instances, tracks, players')
  await becomes('/b', { gain: 1 }, 'Up')
  await becomes('/a', { gain: -1, mute: true }, 'Left', 'Down', 'm')
  await becomes('/b', { gain: 1, solo: true }, 'Right', 's')
  await becomes('/a', { mute: true }, 'h', 'k')
  await becomes('/b', { solo: true }, 'l', 'j')
  await becomes('/b', {}, '0')
  await tmux.press('f')
  await tmux.shows('INSTANCES')
  await tmux.press('f')
  await tmux.shows('tab: instances, tracks, players')
  await tmux.press('Escape')
  await tmux.shows('INSTANCES')
  await tmux.press('?')
  await tmux.shows('recall a scene')
  await tmux.press('?')
  await tmux.shows('INSTANCES')

  await answers('p', 'play', 'drums as d2 on now')
  await node.sounds('what was played sounds', (status) => instanceNames(status).includes('d2'))
  await tmux.shows('d2: ')
  await tmux.press('x')
  const { instances } = await until(
    'an instance is stopped',
    () => node.show(id),
    (shown) => shown.instances.some(({ stopped }) => stopped),
  )
  t.equal(instances.find(({ stopped }) => stopped)?.instance, 'b', 'x: what is chosen stops')
  await tmux.press('t')
  await tmux.shows(' say')
  await tmux.type('never said')
  await tmux.shows('never said')
  await tmux.press('Escape')
  await tmux.shows('m mute')
  await answers('t', 'say', 'good night')
  const said = await until(
    'it is in the feed',
    () => notesOf(node),
    ({ length }) => length > 1,
  )
  t.deepEqual(said, ['good night', HOSTILE])
  await tmux.shows(': good night')
  await answers('c', 'context', 'drop')
  t.equal((await tags.until({ path: 'jam/context', value: 'drop' })).value, 'drop')
  await tmux.shows('drop  300 BPM')
  await answers('p', 'play', 'nothing-of-that-name')
  await tmux.shows('nothing-of-that-name')

  await tmux.resize(50, 12)
  const small = await until(
    'it fits',
    () => tmux.screen(),
    (rows) => rows.length === 12 && rows.at(-1)?.includes('q quit') === true,
  )
  t.ok(small.every((row) => row.length <= 50))
  await tmux.resize(30, 5)
  await tmux.shows('is too small')
  await tmux.resize(80, 24)
  await tmux.shows('INSTANCES')
  await tmux.press('q')
  await tmux.shows('over 0')
  t.notOk(await tmux.isAlternate(), 'the terminal is as it was')
})

inTmux('watch: Control-Z gives the terminal back, and fg the view', async (t, kit) => {
  const node = await playing(kit)
  const tmux = await Tmux.start(kit, 'bash --norc --noprofile -i')
  const types = async (line: string): Promise<void> => {
    await tmux.type(line)
    await tmux.press('Enter')
  }
  await types(`${process.execPath} ${PROGRAM} watch --home ${node.node.home.path}`)
  await tmux.shows('INSTANCES 2')
  await tmux.press('C-z')
  await tmux.shows('Stopped')
  t.notOk(await tmux.isAlternate(), 'the shell’s lines are there')
  await types('fg')
  await tmux.shows('INSTANCES 2')
  t.ok(await tmux.isAlternate())
  await tmux.press('q')
  await until('the terminal is given back', async () => !(await tmux.isAlternate()))
  await types('exit')
  await tmux.shows('over 0')
})

e2e('watch without a terminal: one line that says so; a frame as text, or as an object', async (t, kit) => {
  const node = await playing(kit)
  const { path: home } = node.node.home
  const refused = await marmalade(['watch'], { home })
  t.equal(refused.code, 2)
  t.equal(refused.stderr.trim().split('\n').length, 1)
  t.ok(refused.stderr.includes('--once'))
  const once = await marmalade(['watch', '--once', '--size', '100x30'], { home })
  const lines = once.stdout.split('\n').slice(0, -1)
  t.deepEqual([once.code, lines.length], [0, 30])
  t.ok(lines.every((line) => line.length <= 100 && !line.includes('\u001B')))
  t.ok(lines.some((line) => line.includes('INSTANCES 2')))
  const json = await marmalade(['watch', '--json', '--jam', 'fast'], { home })
  const watched = JSON.parse(json.stdout) as { jam: { name: string }; instances: { name: string; track?: string }[] }
  t.deepEqual(
    [watched.jam.name, watched.instances.map(({ name, track }) => `${track ?? ''} ${name}`)],
    ['fast', ['drums a', 'drums b']],
  )
  t.equal((await marmalade(['watch', '--once', '--size', '100'], { home })).code, 2)
  t.equal((await marmalade(['watch', '--once', '--jam', 'slow'], { home })).code, 1)
})
