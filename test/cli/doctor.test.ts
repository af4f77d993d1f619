import { once } from 'node:events'
import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join, relative } from 'node:path'
import test, { type Test } from 'tape'
import { line, type Finding } from '../../bin/doctor/finding.ts'
import { namespacesRemedy, nodeVersion } from '../../bin/doctor/machine.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { isListening } from '../../lib/host/index.ts'
import { decodePcm, readWavHeader } from '../../lib/mix/index.ts'
import { testTone, type Device } from '../../lib/sink/index.ts'
import { homeAt } from '../../lib/store/index.ts'
import { playIntoFile, withoutAplay, withoutSpeaker } from '../helpers/alsa.ts'
import { Teardown } from '../helpers/hosts.ts'
import { withNodes } from '../helpers/program-nodes.ts'
import { asked, marmalade, PROGRAM, type Ran } from '../helpers/programs.ts'

interface Report {
  readonly ok: boolean
  readonly sink: string
  readonly findings: readonly Finding[]
  readonly devices: readonly Device[]
}

/** A home with a port that is free, in a folder that goes after the test. */
interface Place {
  readonly folder: string
  readonly home: string
  readonly config: (settings: Readonly<Record<string, unknown>>) => Promise<void>
  readonly words: (...args: readonly string[]) => Promise<Ran>
  /** The report and the exit code. */
  readonly report: (...args: readonly string[]) => Promise<Report & { readonly code: number }>
}

function doctor(
  name: string,
  skip: string | undefined,
  body: (t: Test, place: Place, down: Teardown) => Promise<void>,
): void {
  test(`doctor: ${name}`, { skip: skip ?? false }, async (t) => {
    const down = new Teardown()
    try {
      const folder = await down.folder()
      const home = join(folder, 'ada')
      down.add(playIntoFile(join(folder, 'card.raw')), (restore) => restore())
      const run = (args: readonly string[]): Promise<Ran> => marmalade(['doctor', ...args], { home })
      const config = async (settings: Readonly<Record<string, unknown>>): Promise<void> => {
        await mkdir(home, { recursive: true })
        await writeFile(join(home, 'config.json'), JSON.stringify({ port: 0, ...settings }))
      }
      await config({})
      const report = async (...args: readonly string[]): Promise<Report & { code: number }> => {
        const { code, stdout } = await run([...args, '--json'])
        return { code, ...(JSON.parse(stdout) as Report) }
      }
      await body(t, { folder, home, config, words: (...args) => run(args), report }, down)
    } finally {
      await down.run()
    }
  })
}

const finding = ({ findings }: Report, name: string): Finding | undefined =>
  findings.find((found) => found.name === name)

/** Every line is of three columns and fits; what is missing has its command. */
function wellSet(t: Test, { stdout }: Ran): void {
  for (const text of stdout.trimEnd().split('\n')) {
    t.ok(text.length <= 80, `80 columns: ${text}`)
    t.match(text, /^(ok|--|!!) {2}[a-z]+ +\S|^ {4}--sink /)
  }
}

doctor('a machine and a home that are well', withoutSpeaker() ?? withoutAplay(), async (t, { home, words, report }) => {
  const ran = await words()
  t.equal(ran.code, 0)
  t.equal(ran.stderr, '')
  wellSet(t, ran)
  t.match(ran.stdout, /^ok {2}sink {8}speaker opens; its buffers hold 100 ms$/m)
  t.match(ran.stdout, /^ {4}--sink speaker:studio {2}A studio$/m)
  const told = await report()
  t.equal(told.ok, true)
  t.equal(told.sink, 'speaker')
  t.deepEqual(
    told.findings.map(({ name }) => name),
    'node bubblewrap clock asc home config secret disk speaker aplay devices sink running port beacons'.split(' '),
  )
  t.deepEqual(
    told.devices.map(({ name }) => name),
    ['default', 'studio'],
  )
  t.deepEqual(await readdir(home), ['config.json'], 'it makes nothing')
})

doctor('what is broken has the command that mends it, and the exit code is 1', undefined, async (t, place, down) => {
  const { home, config, words, report } = place
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  down.add(server, (it) => void it.close())
  const { port } = server.address() as AddressInfo
  await config({ port, host: '127.0.0.1', sink: 'null' })
  await writeFile(join(home, 'secret'), 'not to be read by others')
  await chmod(join(home, 'secret'), 0o644)
  const told = await report()
  t.deepEqual([told.code, told.ok], [1, false])
  t.deepEqual(finding(told, 'secret'), {
    name: 'secret',
    state: 'broken',
    words: 'others may read it',
    remedy: `chmod 600 ${join(home, 'secret')}`,
  })
  t.deepEqual(finding(told, 'port'), {
    name: 'port',
    state: 'broken',
    words: `another program has ${port}`,
    remedy: 'marmalade start --port 0',
  })
  const ran = await words()
  t.equal(ran.code, 1)
  wellSet(t, ran)

  await config({ prot: 1 })
  t.match(finding(await report(), 'config')?.words ?? '', /^unknown key prot; did you mean port\?$/)
  const elsewhere = join(home, 'config.json')
  const inFile = await marmalade(['doctor', '--home', elsewhere, '--json'])
  t.match(finding(JSON.parse(inFile.stdout) as Report, 'home')?.words ?? '', /is no folder$/)
})

doctor(
  'programs that are missing are named with the package that has them',
  undefined,
  async (t, { folder, words, report }, down) => {
    const path = process.env['PATH']
    down.add(path, (before) => void (process.env['PATH'] = before))
    process.env['PATH'] = folder
    const told = await report('--sink', 'null')
    t.equal(told.code, 0, 'none of them is needed by all')
    t.equal(finding(told, 'bubblewrap')?.remedy, 'sudo apt install bubblewrap')
    t.equal(finding(told, 'aplay')?.remedy, 'sudo apt-get install alsa-utils')
    wellSet(t, await words('--sink', 'null'))
    const lost = await report('--sink', 'aplay')
    t.equal(lost.code, 1, 'but what the owner wants to play through is')
    t.match(finding(lost, 'sink')?.words ?? '', /aplay is missing/)
  },
)

doctor(
  'without the package speaker it is aplay that plays; without either, a file',
  undefined,
  async (t, { folder, home }, down) => {
    const program = await programWithoutSpeaker(join(folder, 'program'))
    const report = async (): Promise<Report> =>
      JSON.parse((await marmalade(['doctor', '--json'], { home, program })).stdout) as Report
    if (withoutAplay() === undefined) {
      const one = await report()
      t.equal(finding(one, 'aplay')?.state, 'ok')
      t.equal(one.sink, 'aplay', 'what `start` takes by itself')
      t.notEqual(finding(one, 'sink')?.remedy, 'marmalade start --sink aplay')
      const asked = await marmalade(['doctor', '--json', '--sink', 'speaker'], { home, program })
      t.equal(finding(JSON.parse(asked.stdout) as Report, 'sink')?.remedy, 'marmalade start --sink aplay')
    }
    const path = process.env['PATH']
    down.add(path, (before) => void (process.env['PATH'] = before))
    process.env['PATH'] = folder
    const neither = await report()
    t.deepEqual([neither.ok, neither.sink], [false, 'speaker'])
    t.deepEqual(finding(neither, 'speaker'), {
      name: 'speaker',
      state: 'lacks',
      words: 'not here',
      remedy: 'apt-get install libasound2-dev && npm install speaker',
    })
    t.equal(finding(neither, 'aplay')?.remedy, 'sudo apt-get install alsa-utils')
    t.match(finding(neither, 'sink')?.words ?? '', /the optional package is missing/)
    t.equal(finding(neither, 'sink')?.remedy, 'marmalade start --sink wav:FILE')
    const ran = await marmalade(['doctor'], { home, program })
    t.deepEqual([ran.code, ran.stderr], [1, ''])
    wellSet(t, ran)
    const tone = await marmalade(['doctor', '--tone'], { home, program })
    t.match(tone.stdout, /^!! {2}tone {8}\S/m)
  },
)

/** A copy of the program and of all its packages but the one that plays. Gives its file. */
async function programWithoutSpeaker(folder: string): Promise<string> {
  const packages = join(folder, 'node_modules')
  await mkdir(packages, { recursive: true })
  for (const part of ['package.json', 'dist/bin', 'dist/lib', 'dist/plugins'])
    await cp(join(packageRoot(), part), join(folder, part), { recursive: true })
  await symlink(join(packageRoot(), 'fixtures'), join(folder, 'fixtures'))
  for (const name of await readdir(join(packageRoot(), 'node_modules')))
    if (name !== 'speaker') await symlink(join(packageRoot(), 'node_modules', name), join(packages, name))
  return join(folder, relative(packageRoot(), PROGRAM))
}

doctor(
  'the test tone: left, then right, at -20 dBFS, and nothing clicks',
  undefined,
  async (t, { folder, config, report }) => {
    const file = join(folder, 'tone.wav')
    const told = await report('--tone', '--sink', `wav:${file}`)
    t.deepEqual([told.code, finding(told, 'tone')?.state], [0, 'ok'])
    const wav = await readFile(file)
    const data = wav.subarray(readWavHeader(wav)?.offset)
    t.ok(data.equals(Buffer.from(testTone().buffer)))
    const { left, right } = decodePcm('f32', data)
    t.equal(left.length, 48_000)
    const peak = (samples: Float32Array): number => samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
    const halves = [left.subarray(0, 24_000), left.subarray(24_000), right.subarray(0, 24_000), right.subarray(24_000)]
    t.deepEqual(
      halves.map((half) => peak(half).toFixed(3)),
      ['0.100', '0.000', '0.000', '0.100'],
    )
    for (const [first, last] of [
      [left[0], left[23_999]],
      [right[24_000], right[47_999]],
    ])
      t.deepEqual([first, Math.abs(last ?? 1)], [0, 0])

    await writeFile(file, 'a take that matters')
    await config({ sink: `wav:${file}` })
    const spared = await report('--tone')
    t.equal(finding(spared, 'tone')?.state, 'lacks')
    t.equal(await readFile(file, 'utf8'), 'a take that matters', 'a file that nobody named is not written over')
    t.equal((await marmalade(['doctor', '--tone', '--sink', 'raw:-'])).code, 2)
  },
)

for (const [kind, skip] of [
  ['speaker', withoutSpeaker() ?? withoutAplay()],
  ['aplay', withoutAplay()],
] as const) {
  doctor(`the test tone through ${kind}, and what is heard of errors`, skip, async (t, { folder, report, words }) => {
    const told = await report('--tone', '--sink', `${kind}:studio`)
    t.equal(told.code, 0, JSON.stringify(finding(told, 'tone')))
    const tone = Buffer.from(testTone().buffer)
    t.ok((await readFile(join(folder, 'card.raw'))).subarray(0, tone.length).equals(tone), 'byte for byte')

    const unknown = await report('--tone', '--sink', `${kind}:sudio`)
    t.equal(unknown.code, 1)
    t.match(finding(unknown, 'tone')?.words ?? '', /no device is called sudio: there are default studio/)
    wellSet(t, await words('--tone', '--sink', `${kind}:sudio`))
    // The device opens, and fails as it is written to.
    process.env['ALSA_FILE_OUT'] = join(folder, 'none', 'card.raw')
    const failing = await report('--tone', '--sink', `${kind}:studio`)
    t.equal(failing.code, 1)
    t.match(finding(failing, 'tone')?.words ?? '', /plays no more|[Ee]rror|it ended/)
  })
}

withNodes('doctor: a node that runs', async (t, nodes) => {
  const home = await nodes.place('ada')
  await mkdir(home)
  await writeFile(homeAt(home).config, '{ "beacons": "off" }')
  nodes.add(home, async () => {
    if (await isListening(homeAt(home).socket)) await marmalade(['shutdown'], { home })
  })
  const { pid } = await asked<{ pid: number }>(['start', '--detach', '--port', '0', '--sink', 'null'], { home })
  const told = await asked<Report>(['doctor'], { home })
  t.equal(finding(told, 'running')?.words, `process ${pid}, connected to 0`)
  t.match(finding(told, 'port')?.words ?? '', /^\d+ takes connections on /)
  t.equal(finding(told, 'time')?.state, 'ok')
  t.match(finding(told, 'beacons')?.words ?? '', /^off in config.json/)
  t.equal(finding(told, 'sink')?.words, 'null, silent on the running node')
})

test('doctor: lines, and what they say of machines other than this one', (t) => {
  t.equal(nodeVersion('18.20.0').state, 'broken')
  t.equal(nodeVersion('20.10.9').state, 'broken')
  for (const version of ['20.11.0', '22.1.0', '24.0.0']) t.equal(nodeVersion(version).state, 'ok', version)
  for (const setting of [
    'kernel/apparmor_restrict_unprivileged_userns=1',
    'kernel/unprivileged_userns_clone=0',
    'user/max_user_namespaces=0',
    '=',
  ]) {
    const [name, value] = setting.split('=')
    const remedy = namespacesRemedy((path) => (path === name ? value : undefined))
    const text = line({ name: 'bubblewrap', state: 'lacks', words: 'no', remedy })
    t.ok(text.length <= 80 && text.endsWith(`: ${remedy}`), text)
  }
  const long = line({ name: 'sink', state: 'broken', words: 'x'.repeat(200), remedy: 'mend it' })
  t.equal(long.length, 80)
  t.ok(long.endsWith('…: mend it'), 'words are cut, commands never')
  t.equal(line({ name: 'sink', state: 'broken', words: 'a\u001b[2Jb\nc' }), '!!  sink        ab c')
  t.end()
})
