import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { MAX_INSTANCES, MAX_PLAYER_INSTANCES } from '../../lib/mix/constants.ts'
import { readTake, type Failure } from '../../lib/engine/index.ts'
import { parseTake, type TakeRecord } from '../../lib/jam/index.ts'
import { fixture } from '../helpers/generators.ts'
import { codeOf, Teardown } from '../helpers/hosts.ts'
import { ADA, BEN, CY, playerNamed, startedJam, type JamWriter } from '../helpers/jams.ts'
import { sineWat } from '../helpers/mix.ts'
import { ALL, ofKind, pathOf, session } from '../helpers/session-tests.ts'
import { archivesOf, BEAT_FRAMES, replayed, sines, smallJam, wavOf } from '../helpers/sessions.ts'

/** A failure as a take has it. */
const recordOf = ({ frame, path, code, message }: Failure): TakeRecord => ({
  kind: 'failed',
  frame,
  path,
  code,
  message,
})

session('what never ends is ended alone: the others sound as if it had never been there', async (t, rig) => {
  const loop = await readFile(fixture('hostile', 'modules', 'loop-in-process.wat'), 'utf8')
  const archives = new Map([...(await sines()), ...(await archivesOf({ arp: loop }))])
  const jam = smallJam()
  const without = [...jam.entries]
  const withIt = [...without, jam.play(BEN, 'arp', 480)]
  await rig.open({ entries: withIt, archives })
  const { report, take } = await rig.finish(ALL)
  t.deepEqual(
    ofKind(take.records, 'failed').map(({ path, code }) => [path, code]),
    [[pathOf(BEN, 'arp'), 'GENERATOR_RAN_AWAY']],
  )
  const calm = await replayed(rig.place, without, archives)
  t.equal(report.samplesSha256, calm.samplesSha256, 'bit for bit')
  const score = await replayed(rig.place, withIt, archives)
  t.equal(score.samplesSha256, report.samplesSha256, 'and so it is in every replay')
  t.deepEqual(score.failures.map(recordOf), ofKind(take.records, 'failed'), 'which says who ended, where and why')
  t.deepEqual(
    score.failures.map(({ bar }) => bar),
    [1],
  )
  const [failure] = score.failures
  const credited = score.sounds.find(({ path }) => path === failure?.path)
  t.ok(credited && failure && credited.to <= failure.frame + 512, 'credited until there')
})

session('a sink that cannot be opened leaves the jam running; the take says so', async (t, rig) => {
  await rig.open({ entries: smallJam().entries, archives: await sines(), sink: 'wav:/nowhere/at/all.wav' })
  rig.clock.millis = 500
  await new Promise<void>((resolve) => {
    const look = (): void => {
      const heard = rig.messages.some(({ kind }) => kind === 'levels')
      if (heard) resolve()
      else setTimeout(look, 5)
    }
    look()
  })
  const { report, take } = await rig.finish()
  t.ok(report.peak > 0.1)
  const [lost, ...more] = ofKind(take.records, 'sink')
  t.equal(lost?.state, 'lost')
  t.match(lost?.why ?? '', /see that its folder exists/)
  t.deepEqual(more, [])
  t.deepEqual(
    rig.messages.flatMap((message) => (message.kind === 'sink' ? message.state.state : [])),
    ['lost'],
  )
})

session('rendering that breaks down is a failure, with files that are whole', async (t, rig) => {
  const { entries } = smallJam()
  await rig.open({ entries, archives: await sines() })
  await rig.to(BEAT_FRAMES)
  rig.observe(undefined as never)
  await rig.session.ended
  const { report, end, take } = await rig.finish()
  t.equal(end, 'failed')
  t.equal((await wavOf(rig.wav)).sha256, report.samplesSha256)
  t.equal(take.records.at(-1)?.kind, 'close')
  const [warning] = rig.messages.filter(({ kind }) => kind === 'warning')
  t.equal((warning as { code?: string } | undefined)?.code, 'ENGINE_LOST')
})

session('no take, no session; no such sink, neither', async (t, rig) => {
  const folder = await rig.make()
  await writeFile(join(folder, 'a.take'), 'another one\n')
  rig.make = () => Promise.resolve(folder)
  const { entries } = smallJam()
  t.equal(await codeOf(rig.open({ entries })), 'TAKE_UNWRITABLE', 'a take is never written over')
  t.equal(await readFile(join(folder, 'a.take'), 'utf8'), 'another one\n')
  t.equal(await codeOf(rig.open({ entries, sink: 'organ' })), 'SINK_UNKNOWN')
  t.throws(() => parseTake('another one\n'), { code: 'TAKE_INVALID' })
})

/** So many plays of each of some players, all of one generator, softly. */
function crowd(each: number, ...players: readonly PlayerId[]): JamWriter {
  const jam = startedJam({ tempo: 120 })
  for (const player of players) {
    if (player !== ADA && player !== BEN) jam.admit(ADA, player)
    if (player !== ADA) jam.generator(player, 'drums')
    for (let n = 0; n < each; n++) jam.play(player, 'drums', 0, { instance: `drums-${n}`, params: { gain: -60 } })
  }
  return jam
}

const DEE = playerNamed('dee')
const named = ({ path }: { readonly path: string }): string | undefined => path.split('/')[2]

session(
  'a player has a share of the room: what is one too many is refused alone, live and in the score',
  async (t, rig) => {
    const archives = await archivesOf({ drums: sineWat({ hertz: 101 }) })
    const jam = crowd(MAX_PLAYER_INSTANCES, ADA)
    const last = jam.play(ADA, 'drums', 240, { instance: 'one-more' })
    jam.generator(BEN, 'drums')
    jam.play(BEN, 'drums', 240, { instance: 'not-his-fault', params: { gain: -60 } })
    jam.stop(ADA, 'drums-7', 480)
    jam.play(ADA, 'drums', 720, { instance: 'in-its-place' })
    jam.action(ADA, 'end', { at: 960 })
    const { entries } = jam
    await rig.open({ entries, archives })
    const { report, take } = await rig.finish(ALL)
    const refused = ofKind(take.records, 'failed')
    t.deepEqual(
      refused.map((record) => [named(record), record.code]),
      [['one-more', 'MIX_REFUSED']],
    )
    t.match(refused[0]?.message ?? '', /^64 instances of its player sound already/, 'it says why, and what to do')
    const told = rig.messages.flatMap((message) => (message.kind === 'instances' ? message.events : []))
    t.equal(
      told.filter(({ kind }) => kind === 'started').length,
      MAX_PLAYER_INSTANCES + 2,
      'where one has ended is room',
    )
    t.equal(told.filter(({ kind }) => kind === 'refused').length, 1, 'its player is told')
    const again = await replayed(rig.place, entries, archives, { take: await readTake(rig.takeFile) })
    t.equal(again.take?.divergence, undefined)
    t.equal(again.samplesSha256, report.samplesSha256, 'the take gives that again')
    for (const threads of [1, 2]) {
      const score = await replayed(rig.place, entries, archives, { threads })
      t.equal(score.samplesSha256, report.samplesSha256, `and so does the score, with ${threads} threads`)
      t.deepEqual(score.failures.map(recordOf), refused, 'which names it')
    }
    const without = entries.filter(({ key }) => key !== last.key)
    t.equal((await replayed(rig.place, without, archives)).samplesSha256, report.samplesSha256, 'the others to the bit')
  },
)

test('replay: where all have as many as there is room for, nobody has one more', async (t) => {
  const kit = new Teardown()
  try {
    const jam = crowd(MAX_PLAYER_INSTANCES, ADA, BEN, CY, DEE)
    const eve = playerNamed('eve')
    jam.admit(ADA, eve)
    jam.generator(eve, 'drums')
    jam.play(eve, 'drums', 240, { instance: 'one-more' })
    jam.action(ADA, 'end', { at: 480 })
    const archives = await archivesOf({ drums: sineWat({ hertz: 101 }) })
    const { failures, sounds } = await replayed(await kit.folder(), jam.entries, archives)
    t.equal(sounds.length, MAX_INSTANCES)
    t.deepEqual(
      failures.map((failure) => [named(failure), failure.code, failure.bar]),
      [['one-more', 'MIX_REFUSED', 1]],
    )
    t.match(failures[0]?.message ?? '', /^256 instances sound already/)
  } finally {
    await kit.run()
  }
})
