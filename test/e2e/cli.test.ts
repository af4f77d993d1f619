import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { Test } from 'tape'
import { isListening } from '../../lib/host/index.ts'
import { homeAt } from '../../lib/store/index.ts'
import { withNodes } from '../helpers/program-nodes.ts'
import { marmalade, type Ran } from '../helpers/programs.ts'
import { readSvg } from '../helpers/svg.ts'
import { eventually } from '../helpers/until.ts'

/** A person at a terminal: one home, one folder, one command after the other. */
class User {
  readonly #t: Test
  readonly #home: string
  readonly #cwd: string

  constructor(t: Test, home: string, cwd: string) {
    this.#t = t
    this.#home = home
    this.#cwd = cwd
  }

  run(...args: readonly string[]): Promise<Ran> {
    return marmalade(args, { home: this.#home, cwd: this.#cwd })
  }

  /** A command that does what it is asked: exit code 0, one JSON object, nothing on standard error. */
  async does<T = Record<string, unknown>>(...args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, '--json')
    this.#t.equal(code, 0, `marmalade ${args.join(' ')}`)
    if (code === 0) this.#t.equal(stderr, '')
    else throw new Error(stderr)
    if (!/^[{[].*\n$/.test(stdout)) this.#t.fail(`no line of JSON: ${stdout}`)
    return JSON.parse(stdout) as T
  }

  /** A command in words. */
  async says(expected: RegExp, ...args: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await this.run(...args)
    this.#t.equal(code, 0, `marmalade ${args.join(' ')}`)
    this.#t.match(stdout, expected)
    this.#t.equal(stderr, '')
  }

  /** A command that fails: its exit code, nothing on standard output, one line on standard error that ends in its code. */
  async fails(code: 1 | 2, name: string, ...args: readonly string[]): Promise<void> {
    const ran = await this.run(...args)
    this.#t.equal(ran.code, code, `marmalade ${args.join(' ')}`)
    this.#t.equal(ran.stdout, '')
    this.#t.ok(/^marmalade: [^\n]+\n$/.test(ran.stderr) && ran.stderr.endsWith(` (${name})\n`), ran.stderr.trim())
  }
}

withNodes('a session by commands alone, from the first start to a bundle on another machine', async (t, nodes) => {
  const cwd = await nodes.place('desk')
  await mkdir(cwd)
  const home = await nodes.place('ada')
  const live = await nodes.place('live.wav')
  // Other nodes on this machine are not to be met.
  await mkdir(home)
  await writeFile(homeAt(home).config, '{ "beacons": "off" }')
  const ada = new User(t, home, cwd)
  nodes.add(ada, async (user) => {
    if (await isListening(homeAt(home).socket)) await user.run('shutdown')
  })

  await ada.fails(1, 'NODE_NOT_RUNNING', 'status')
  const silent = await ada.run('status', '--json')
  t.equal(silent.code, 1)
  const { error } = JSON.parse(silent.stderr) as { error: { code: string } }
  t.equal(error.code, 'NODE_NOT_RUNNING', 'with --json errors are JSON too')
  const before = await ada.does<{ identity: string }>('whoami')

  const started = await ada.does<{ pid: number }>('start', '--detach', '--port', '0', '--sink', `wav:${live}`)
  t.ok(started.pid > 0)
  await ada.does('name', 'ada')
  const me = await ada.does<{ identity: string; name: string; addresses: string[] }>('whoami')
  t.deepEqual([me.identity, me.name], [before.identity, 'ada'])
  t.ok(me.addresses.length > 0, 'addresses to hand out')
  await ada.does('generator', 'publish', '@drums')
  await ada.fails(2, 'USAGE', 'generator', 'publish', '@zither')
  await ada.says(/^drums\s+ada\s+wasm/m, 'generator', 'list')

  await ada.fails(1, 'JAM_NOT_NAMED', 'play', 'drums')
  const jam = await ada.does<{ jam: string; tempo: number }>('jam', 'start', 'friday', '--tempo', '240')
  t.deepEqual([jam.jam, jam.tempo], [`${me.identity}:friday`, 240])
  await ada.fails(1, 'JAM_NAME_USED', 'jam', 'start', 'friday')
  const played = await ada.does<{ instance: string; hears: { state: string }[] }>(
    ...['play', 'drums', '--param', 'kick=0.9'],
  )
  t.equal(played.instance, 'drums')
  t.match(played.hears[0]?.state ?? '', /^(from|fetching)$/)
  await ada.fails(1, 'GENERATOR_UNKNOWN', 'play', 'zither')
  await ada.does('param', 'drums', 'gain=-6', '--over', '2bars')
  await ada.does('tag', 'set', 'context', 'drop')
  const tag = await eventually(
    'the tag is in force',
    () => ada.does<{ value?: string }>('tag', 'get', 'jam/context'),
    ({ value }) => value !== undefined,
  )
  t.equal(tag.value, 'drop')
  await ada.says(/^jam\/context is drop$/m, 'tag', 'until', 'jam/context', 'drop')
  await ada.says(/^\d+ jam\/context drop$/m, 'tag', 'get', 'jam/context', '--last', '4')
  await ada.says(/^\d+ \S+\/drums\/drums\/kick \S+$/m, 'tag', 'watch', '*/drums/*/kick', '--count', '1')
  await ada.does('mix', 'gain', 'drums', '-3')
  await ada.does('mix', 'mute', 'drums')
  await eventually(
    'levels are told',
    () => ada.does<{ master?: unknown }>('mix', 'show'),
    ({ master }) => master !== undefined,
  )
  await ada.says(/^mix {23}.{32} +\S+ +\S+$/m, 'mix', 'show')
  await ada.fails(1, 'INSTANCE_AMBIGUOUS', 'mix', 'mute', 'zither')
  await ada.says(/^you hear everything 15 ms earlier$/m, 'mix', 'nudge', '-15')
  await ada.says(/^you hear everything 15 ms earlier$/m, 'mix', 'show')
  await ada.says(/^you hear everything 15 ms earlier$/m, 'status')
  await ada.does('say', 'good', 'evening')
  await ada.says(/sound: playing/, 'status')
  const status = await ada.does<{ sound: { instances: { path: string }[] } }>('status')
  t.deepEqual(
    status.sound.instances.map(({ path }) => path.split('/').at(-1)),
    ['drums'],
  )
  await ada.says(/drums\s+ada\s+drums\s+bar/, 'jam', 'show')
  await ada.does('stop', 'drums')
  await ada.fails(1, 'INSTANCE_UNKNOWN', 'stop', 'zither')
  await ada.does('jam', 'end')
  await eventually(
    'the jam is over',
    () => ada.does<{ sound: { reports: unknown[] } }>('status'),
    ({ sound }) => sound.reports.length === 1,
  )
  await ada.says(/^database: [\d.]+ KiB not sorted yet$/m, 'status')
  await ada.says(/entries of feeds +0 B\n.*not sorted yet +[1-9][\d.]* KiB\n$/s, 'compact', '--sizes')
  await ada.says(/^\d+ pieces of feeds are \d+ now$/m, 'compact')
  await ada.says(/: all as they were signed\n.*on disk\n/, 'verify', '--all')
  await ada.says(/^ada\s+\d+/m, 'feeds')
  await ada.says(/^[\d-]+ [\d:]+ {2}\S{8} {2}play drums in friday from beat \d+ kick=0.9$/m, 'feed')
  await ada.does('replay', 'friday', '--credits', 'online.json', '--svg', 'online.svg')
  await ada.says(/^credits of 1 sound by 1 player: true, [^\n]*same\n$/, 'verify', '--credits', 'online.json')
  await ada.does('shutdown')
  await ada.fails(1, 'NODE_NOT_RUNNING', 'shutdown')
  t.ok(existsSync(live), 'what was heard is a file')

  const replayed = await ada.does<{ file: string; sha256: string; scoreHash: string }>('replay', 'friday')
  t.ok(isAbsolute(replayed.file) && existsSync(replayed.file), replayed.file)
  await takeReplayed(t, ada, home)
  const picture = await pictured(t, ada, home)
  t.equal(
    await readFile(join(cwd, 'online.svg'), 'utf8'),
    picture,
    'the same picture with the node running and without',
  )
  await ada.does('export', 'friday', 'friday.jam')
  await ada.fails(1, 'JAM_UNKNOWN', 'replay', 'monday')
  await ada.says(/all as they were signed/, 'verify', '--all')

  const ben = new User(t, await nodes.place('ben'), cwd)
  const imported = await ben.does<{ score: string }>('import', 'friday.jam')
  t.equal(imported.score, replayed.scoreHash)
  await ben.does('verify', '--all')
  const elsewhere = await ben.does<{ sha256: string }>('replay', 'ada:friday', '--out', 'elsewhere.wav')
  t.equal(elsewhere.sha256, replayed.sha256, 'the same file on the other machine')
  for (const jam of ['ada:friday', 'friday.jam'])
    t.equal(await drawn(ben, jam, '--svg', 'elsewhere.svg'), picture, `and the same picture of ${jam}`)
  await creditsChecked(t, ada, ben, cwd)
})

withNodes('bad usage is told in one line, and help is no failure', async (t, nodes) => {
  const user = new User(t, await nodes.place('home'), await nodes.place())
  await user.fails(2, 'USAGE', 'zither')
  await user.fails(2, 'USAGE', 'status', '--loud')
  await user.fails(2, 'USAGE', 'play')
  await user.fails(2, 'USAGE', 'start', '--port', 'many')
  await user.fails(2, 'USAGE', 'param', 'drums')
  await user.fails(2, 'USAGE', 'param', 'drums', 'gain=loud')
  await user.fails(2, 'USAGE', 'tag', 'get', 'kick', '--last', 'many')
  await user.fails(2, 'USAGE', 'mix', 'nudge', '201')
  await user.says(/^\d+\.\d+\.\d+\n$/, '--version')
  await user.says(/^Usage: marmalade/, '--help')
  t.equal((await user.run('jam')).code, 2, 'a group alone shows its help')
})

/** Ada writes credits; Ben checks them with his home, and a stranger with the bundle alone. */
async function creditsChecked(t: Test, ada: User, ben: User, cwd: string): Promise<void> {
  await ada.does('replay', 'friday', '--credits', 'credits.json')
  const written = await readFile(join(cwd, 'credits.json'), 'utf8')
  t.equal(written, await readFile(join(cwd, 'online.json'), 'utf8'), 'the same with the node running and without')
  for (const args of [[], ['friday.jam'], ['--no-render']]) {
    const checked = await ben.does<{ faults: unknown[]; rendered: boolean }>(
      'verify',
      ...args,
      '--credits',
      'credits.json',
    )
    t.deepEqual([checked.faults, checked.rendered], [[], args[0] !== '--no-render'], `verify ${args.join(' ')}`)
  }
  const file = join(cwd, 'credits.json')
  const told = JSON.parse(await readFile(file, 'utf8')) as { sounds: { instance: string }[] }
  await writeFile(file, JSON.stringify({ ...told, sounds: told.sounds.map((sound) => ({ ...sound, instance: 'x' })) }))
  const { code, stdout } = await ben.run('verify', '--credits', 'credits.json')
  t.equal(code, 1)
  t.match(stdout, /^sounds\[0\]\.instance: [^\n]*\(CREDITS_FALSE\)$/m)
  await writeFile(file, '{}')
  await ben.fails(1, 'CREDITS_INVALID', 'verify', '--credits', 'credits.json')
  await ben.fails(2, 'USAGE', 'verify', '--all', '--credits', 'credits.json')
  await ben.fails(2, 'USAGE', 'verify', 'friday')
  await ada.fails(2, 'USAGE', 'replay', 'friday', '--gain', 'track:none=-6', '--credits', 'if.json')
}

/** What a replay draws, which writes no sound. */
async function drawn(user: User, jam: string, ...args: readonly string[]): Promise<string> {
  const made = await user.does<{ svg: string; file?: string }>('replay', jam, ...args)
  if (made.file !== undefined) throw new Error(`it wrote ${made.file}`)
  return readFile(made.svg, 'utf8')
}

/** The score as a picture, a part of it, and beside it a take. @returns that of the score */
async function pictured(t: Test, ada: User, home: string): Promise<string> {
  const take = await takeIn(home)
  const score = await drawn(ada, 'friday', '--svg', 'score.svg', '--threads', '2')
  const { texts, titles } = readSvg(score)
  for (const shown of ['friday', 'ada', 'drums', 'mix', 'DROP', 'ada: good evening']) t.ok(texts.includes(shown), shown)
  t.ok(titles.some((title) => title.startsWith('ada: drums (drums); bars ')))
  const part = readSvg(await drawn(ada, 'friday', '--svg', 'part.svg', '--from', '2', '--take', take)).texts
  t.ok(part.some((text) => /bars \d+ to \d+ .*as ada heard it/.test(text)))
  const both = readSvg(await drawn(ada, 'friday', '--compare', 'score', take, '--svg', 'both.svg'))
  t.equal(both.titles.filter((title) => title.startsWith('ada: drums')).length, 2)
  t.ok(both.texts.some((text) => /: in B at bar \d+ muted$/.test(text)))
  t.ok(both.elements.some(({ name, attributes }) => name === 'rect' && attributes['fill'] === 'url(#differs)'))
  t.ok(both.elements.filter(({ attributes }) => attributes['class'] === 'peak').length >= 3, 'both mixes, and drums')
  await ada.says(/^picture \S+again\.svg$/m, 'replay', 'friday', '--svg', 'again.svg', '--out', 'again.wav')
  await ada.fails(1, 'FILE_UNWRITABLE', 'replay', 'friday', '--svg', 'no/where.svg')
  return score
}

/** The only take of a home. */
async function takeIn(home: string): Promise<string> {
  const [folder = ''] = await readdir(join(home, 'takes'))
  const [name = ''] = await readdir(join(home, 'takes', folder))
  return join(home, 'takes', folder, name)
}

/** What was heard is heard again; what never was is not called so. */
async function takeReplayed(t: Test, ada: User, home: string): Promise<void> {
  const take = await takeIn(home)
  type Made = { rendition: string; samplesSha256: string; take?: { divergence?: unknown; heardSha256?: string } }
  const heard = await ada.does<Made>('replay', 'friday', '--take', take, '--out', 'heard.wav', '--bits', '24')
  t.deepEqual([heard.rendition, heard.take?.divergence], ['take', undefined])
  t.equal(heard.samplesSha256, heard.take?.heardSha256, 'every sample as it was heard')
  await ada.says(/every sample as it was heard/, 'replay', 'friday', '--take', take, '--out', 'heard.wav')
  await ada.says(
    /^levels {2}-\d+\.\d LUFS, peak -\d+\.\d dBFS, between the samples -\d+\.\d dBFS$/m,
    'replay',
    'friday',
  )
  await ada.says(
    /neither the score nor what anybody heard/,
    'replay',
    'friday',
    '--gain',
    'track:none=-6',
    '--out',
    'if.wav',
  )
  await ada.says(/^the same, every sample of every instance: bars \d+ to \d+, /, 'replay', '--compare', take, take)
  type Beside = { equal: boolean; rows: { path: string; reasons: { side: string; text: string }[] }[] }
  const beside = await ada.does<Beside>('replay', 'friday', '--compare', 'score', take)
  t.deepEqual(
    [beside.equal, beside.rows[0]?.reasons.slice(-1).map(({ side, text }) => `${side} ${text}`)],
    [false, ['b muted']],
  )
  await ada.says(/^\S+:drums: in B at bar \d+ muted$/m, 'replay', 'friday', '--compare', 'score', take)
  await ada.fails(2, 'USAGE', 'replay', 'friday', '--compare', take)
  await ada.fails(2, 'USAGE', 'replay', 'friday', '--compare', 'score', take, '--out', 'x.wav')
  await ada.fails(1, 'FILE_INVALID', 'replay', 'friday', '--compare', 'score', 'nowhere.take')
  await ada.fails(2, 'USAGE', 'replay', 'friday', '--bits', '12')
  await ada.fails(2, 'USAGE', 'replay', 'friday', '--stems-raw')
  await ada.fails(1, 'FILE_INVALID', 'replay', 'friday', '--take', 'nowhere.take')
}
