import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import { jamIdOf, name as checkedName, refOf } from '../../lib/base/index.ts'
import { encodeTakeLine, ENGINE, parseTake, takeHeader, type TakeRecord } from '../../lib/jam/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { Heard } from '../../plugins/sound/heard.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { mixOfBrokenTake } from '../../plugins/sound/restore.ts'
import { codeOf, Teardown } from '../helpers/hosts.ts'
import { ADA, BEN, JAM, startedJam, toldAll } from '../helpers/jams.ts'
import { e2e, instanceNames, startJam, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'
import { wavOf } from '../helpers/sessions.ts'

const sound = (node: TestNode) => node.ask(soundContract)

/** The takes of a node, oldest first. */
async function takesOf(node: TestNode): Promise<{ file: string; records: readonly TakeRecord[] }[]> {
  const files = (await readdir(node.node.home.takes, { recursive: true })).filter((file) => file.endsWith('.take'))
  const read = files.sort().map(async (file) => {
    const path = join(node.node.home.takes, file)
    return { file: path, records: parseTake(await readFile(path, 'utf8')).records }
  })
  return Promise.all(read)
}

e2e(
  'an engine that is killed is started again: what played plays, as it was mixed, into a file of its own',
  async (t, kit) => {
    const folder = await kit.folder()
    const ada = await kit.node({ sink: `wav:${join(folder, 'a.wav')}` })
    await ada.publish('drums')
    await ada.publish('chords')
    await startJam('friday', ada)
    await ada.ask(jamsContract).perform.play({ generator: 'drums', on: 'now' })
    await ada.ask(jamsContract).perform.play({ generator: 'chords', on: 'now' })
    await ada.sounds('both sound', (seen) => instanceNames(seen).join() === 'chords,drums')
    await sound(ada).mix.set({ target: 'drums', mute: true, gain: -3 })
    await sound(ada).mix.nudge({ millis: -10 })
    const path = `${refOf(ada.id)}/drums/drums`
    const muted = await until(
      'the mix is in the state',
      () => sound(ada).tags.get({ path: `local/mix/${path}/mute` }),
      ({ value }) => value !== undefined,
    )
    t.equal(muted.value, 1)

    const { engine = 0 } = await ada.sound()
    process.kill(engine, 'SIGKILL')
    const again = await ada.sounds(
      'another engine plays both again',
      (seen) => seen.engine !== engine && seen.state === 'playing' && instanceNames(seen).join() === 'chords,drums',
    )
    t.equal(again.sink, `wav:${join(folder, 'a-2.wav')}`, 'the first file stays as it is')
    t.equal(again.why, undefined)
    t.equal(again.nudge, -10, 'and nudged as before')
    t.ok(
      ada.log.lines.some(({ level, message }) => level === 'error' && message.includes('SIGKILL')),
      'the log says so',
    )
    t.equal((await sound(ada).tags.get({ path: `local/mix/${path}/gain` })).value, -3, 'the state outlives it')
    const [, second] = await until(
      'its take is on disk',
      () => takesOf(ada),
      (takes) => takes[1]?.records.some(({ kind }) => kind === 'mix') === true,
    )
    t.deepEqual(
      second?.records.flatMap((record) => (record.kind === 'mix' ? [record.target, record.setting] : [])),
      [
        { kind: 'instance', path },
        { gain: -3, mute: true },
      ],
    )
    t.ok(second?.records.some((record) => record.kind === 'nudge' && record.millis === -10))
    await ada.ask(jamsContract).jam.end({ on: 'now' })
    const report = await sound(ada).sound.finished()
    const file = await wavOf(join(folder, 'a-2.wav'))
    t.equal(report.samplesSha256, file.sha256)
    t.equal((await ada.sound()).state, 'silent')
  },
)

e2e('the jam joined last sounds; another one takes its place, and the files of the first are whole', async (t, kit) => {
  const folder = await kit.folder()
  const ada = await kit.node({ sink: `wav:${join(folder, 'a.wav')}` })
  t.equal((await ada.sound()).state, 'silent')
  t.equal(await codeOf(sound(ada).mix.set({ target: 'drums', mute: true })), 'NOT_SOUNDING')
  t.equal(await codeOf(sound(ada).tags.get({ path: 'kick' })), 'NOT_SOUNDING')
  await ada.publish('drums')
  const first = await startJam('first', ada)
  await ada.ask(jamsContract).perform.play({ generator: 'drums', on: 'now' })
  await ada.sounds('it sounds', (seen) => (seen.master?.peak ?? 0) > 0.01)
  const kick = await until(
    'a tag has come',
    () => sound(ada).tags.get({ path: 'kick' }),
    ({ value }) => value !== undefined,
  )
  t.equal(typeof kick.value, 'number')
  for (const path of [`${shortIdOf(ada.id)}/drums/drums/kick`, `${refOf(ada.id)}/drums/drums/kick`]) {
    t.equal(typeof (await sound(ada).tags.get({ path })).value, 'number', path)
  }
  t.equal((await sound(ada).tags.get({ path: 'jam/tempo' })).value, 120)
  t.equal(typeof (await sound(ada).tags.get({ path: 'local/peak' })).value, 'number')
  t.equal((await sound(ada).tags.get({ path: 'nothing' })).value, undefined)
  t.equal(await codeOf(sound(ada).mix.set({ target: 'bass', mute: true })), 'INSTANCE_AMBIGUOUS')

  await ada.ask(jamsContract).jam.start({ name: 'second', tempo: 90 })
  const second = jamIdOf(ada.id, checkedName('second'))
  const status = await ada.sounds('the second one sounds', ({ jam, state }) => jam === second && state === 'playing')
  t.equal(status.sink, `wav:${join(folder, 'a-2.wav')}`)
  t.equal(status.reports.length, 1)
  const [report] = status.reports
  t.equal(report?.jam, first)
  t.equal(report?.samplesSha256, (await wavOf(join(folder, 'a.wav'))).sha256)
  t.equal((await sound(ada).tags.get({ path: 'kick' })).value, undefined, 'its state is its own')
})

e2e('a node that stops ends what sounds, whole', async (t, kit) => {
  const folder = await kit.folder()
  const ada = await kit.node({ sink: `wav:${join(folder, 'a.wav')}` })
  await startJam('friday', ada)
  await ada.node.close()
  const file = await wavOf(join(folder, 'a.wav'))
  const [take] = await takesOf(ada)
  const last = take?.records.at(-1)
  t.equal(last?.kind === 'close' ? last.sha256 : '', file.sha256)
})

e2e('a sink that cannot be opened is said, and the jam goes on', async (t, kit) => {
  const ada = await kit.node({ sink: 'wav:/nowhere/at/all.wav' })
  await ada.ask(jamsContract).jam.start({ name: 'friday' })
  const status = await ada.sounds('it says that there is no sound', ({ state }) => state === 'lost')
  t.match(status.why ?? '', /see that its folder exists/)
  await ada.sounds('and plays all the same', ({ frame }) => (frame ?? 0) > 0)
})

test('what was mixed in a session that broke off is found in its take', async (t) => {
  const kit = new Teardown()
  const folder = await kit.folder()
  const target = { kind: 'track', track: 'bass' } as const
  const header = takeHeader({ jam: JAM, player: ADA, engine: 0, app: '0', origin: 1, first: 0 })
  const act: TakeRecord = { kind: 'mix', frame: 128, target, setting: { mute: true } }
  const write = (file: string, ...lines: (TakeRecord | typeof header)[]): Promise<void> =>
    writeFile(join(folder, file), lines.map(encodeTakeLine).join(''))
  const plain = { acts: [], nudge: 0 }
  t.deepEqual(await mixOfBrokenTake(join(folder, 'absent'), JAM), plain, 'no takes yet')
  await write('999.take', header, act, { kind: 'close', frame: 256 })
  t.deepEqual(await mixOfBrokenTake(folder, JAM), plain, 'closed in order')
  const nudges = [40, -15].map((millis): TakeRecord => ({ kind: 'nudge', frame: 256, millis }))
  await write('1000.take', header, { kind: 'underrun', frame: 0, frames: 1 }, act, ...nudges)
  await write('notes.take.txt', header)
  t.deepEqual(
    await mixOfBrokenTake(folder, JAM),
    { acts: [{ frame: 128, target, setting: { mute: true } }], nudge: -15 },
    'the newest one broke off',
  )
  await writeFile(join(folder, '1001.take'), 'not one\n')
  t.equal(await codeOf(mixOfBrokenTake(folder, JAM)), 'TAKE_INVALID')
  await rename(join(folder, '999.take'), join(folder, '1002.take'))
  t.deepEqual(await mixOfBrokenTake(folder, JAM), plain)
  await kit.run()
})

test('what an engine tells is folded into the state, bounded', (t) => {
  const { entries } = startedJam()
  const { members } = toldAll(entries)
  const heard = new Heard(() => members)
  const path = `${refOf(BEN)}/${checkedName('bass')}/${checkedName('bass')}` as const
  heard.hear({ kind: 'tags', changes: [{ path: `${path}/note`, value: 40, frame: 5 }] })
  heard.hear({ kind: 'instances', events: [{ kind: 'started', frame: 5, path }] })
  t.deepEqual(heard.state.newest('note'), { value: 40, frame: 5, path: `${path}/note` })
  t.equal(heard.state.newest(`${shortIdOf(BEN)}/bass/bass/note`)?.value, 40, 'by short id')
  t.equal(heard.state.newest(`local/instance/${path}`)?.value, 1)
  heard.hear({ kind: 'late', what: 'underrun', at: 10, frames: 100 })
  heard.hear({ kind: 'late', what: 'underrun', at: 20, frames: 100 })
  heard.hear({ kind: 'late', what: 'skipped', at: 20, frames: 4_800 })
  t.equal(heard.state.newest('local/underruns')?.value, 2)
  t.equal(heard.state.newest('local/skipped')?.value, 0.1, 'seconds')
  t.deepEqual([heard.figures().underruns, heard.figures().skippedFrames], [2, 4_800])
  const key = entries[0]!.key
  heard.hear({
    kind: 'jam',
    events: [
      { kind: 'due', key, frame: 48_000 },
      { kind: 'applied', key, frame: 7, late: { by: 3, reason: 'entry' } },
    ],
  })
  t.deepEqual(heard.due(key), { frame: 48_000 })
  t.equal(heard.state.newest('local/entry')?.value, key)
  t.equal(heard.figures().late, 1)
  for (let i = 0; i < 2_000; i++) {
    heard.hear({ kind: 'tags', changes: [{ path: `${path}/note`, value: i, frame: i }] })
    heard.fail(path, 'GENERATOR_FAILED', String(i))
    heard.mixed({ frame: i, target: { kind: 'track', track: `t${i}` }, setting: { gain: 1 } })
  }
  t.ok(heard.state.range(`${path}/note`, 0, Infinity).length <= 256)
  t.deepEqual([heard.figures().failures.length, heard.mix.acts.length], [100, 1_024])
  heard.mixed({ frame: 1, target: { kind: 'track', track: 't0' }, setting: { mute: true } })
  t.deepEqual(heard.mix.acts[0]?.setting, { gain: 1, mute: true }, 'settings of one target add up')
  t.end()
})

e2e('whoever waits for the end of a jam whose engine died learns that it sounds no more', async (t, kit) => {
  const ada = await kit.node()
  for (const [name, part] of [
    ['left', () => ada.ask(jamsContract).jam.leave({})],
    ['ended', () => ada.ask(jamsContract).jam.end({ on: 'now' })],
  ] as const) {
    await startJam(name, ada)
    const { engine = 0 } = await ada.sounds('it sounds', ({ state }) => state === 'playing')
    const told = codeOf(sound(ada).sound.finished())
    const tag = codeOf(sound(ada).tags.until({ path: 'never' }))
    // No other engine starts: where its take belongs there is no folder.
    const takes = join(ada.node.home.takes, `${shortIdOf(ada.id)}:${name}`)
    await rename(takes, `${takes}-away`)
    await writeFile(takes, '')
    process.kill(engine, 'SIGKILL')
    await ada.sounds('it sounds no more', ({ state }) => state === 'silent')
    await part()
    t.equal(await told, 'NOT_SOUNDING', name)
    t.equal(await tag, 'NOT_SOUNDING')
  }
})

e2e('a jam of an engine that came later is silent, and the status says why', async (t, kit) => {
  const ada = await kit.node()
  const jam = jamIdOf(ada.id, checkedName('later'))
  await ada.write({ type: 'jam', jam, action: 'start', tempo: 120, meter: '4/4', engine: ENGINE + 1 })
  await ada.ask(jamsContract).jam.join({ jam })
  const { state, failures } = await ada.sounds('the status says why', (seen) => seen.failures.length > 0)
  t.equal(state, 'silent')
  t.deepEqual(
    failures.map(({ path, code }) => [path, code]),
    [[jam, 'ENGINE_UNKNOWN']],
  )
  await startJam('now', ada)
  await ada.sounds('a jam of this version sounds', (seen) => seen.state === 'playing' && seen.failures.length === 0)
})
