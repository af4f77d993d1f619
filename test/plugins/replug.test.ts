import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import { parseTake } from '../../lib/jam/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { killPlayers, Plug, withoutSpeaker } from '../helpers/alsa.ts'
import { e2e, instanceNames, startJam } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'
import { wavOf } from '../helpers/sessions.ts'
import { ofKind } from '../helpers/session-tests.ts'

const BYTES = 8
const missing = withoutSpeaker()

const needingSpeaker =
  missing === undefined ? e2e : (((name) => test.skip(`${name} (${missing})`, () => undefined)) as typeof e2e)

needingSpeaker('a card that is pulled out in a jam and put in again sounds again in place', async (t, kit) => {
  const folder = await kit.folder()
  const card = join(folder, 'card.raw')
  const plug = kit.add(await Plug.make(folder, card), (it) => it.restore())
  const ada = await kit.node({ sink: `speaker:studio+wav:${join(folder, 'a.wav')}` })
  await ada.publish('drums')
  await startJam('friday', ada)
  await ada.ask(jamsContract).perform.play({ generator: 'drums', on: 'now' })
  const before = await ada.sounds('it sounds', (seen) => instanceNames(seen).join() === 'drums')
  const { engine = 0 } = before

  await plug.pull()
  t.equal(await killPlayers(engine, 'speaker'), 1)
  const lost = await ada.sounds('the loss is told', ({ state }) => state === 'lost')
  t.match(lost.why ?? '', /^speaker:studio plays no more: it ended \(SIGKILL\)/)
  const vain = await ada.sounds('it is tried again', ({ why = '' }) => why.includes('cannot play here'))
  t.match(vain.why ?? '', /no device is called studio/)
  t.equal(instanceNames(vain).join(), 'drums', 'what plays plays on')
  t.ok((vain.frame ?? 0) > (lost.frame ?? 0), 'and its time passes')

  await plug.push()
  const again = await ada.sounds('it sounds again', ({ state }) => state === 'playing')
  t.equal(again.why, undefined)
  t.ok(
    ada.log.lines.some(({ message }) => message === 'it sounds again'),
    'and the log says so',
  )
  t.equal(again.engine, engine, 'in the same engine')
  // ALSA keeps half a second back.
  await until(
    'it is heard',
    () => stat(card),
    ({ size }) => size > 24_000 * BYTES,
  )
  await ada.ask(jamsContract).jam.end({ on: 'now' })
  const report = await ada.ask(soundContract).sound.finished()

  const file = await wavOf(join(folder, 'a.wav'))
  t.equal(file.sha256, report.samplesSha256, 'the file beside it has every frame')
  const takes = (await readdir(ada.node.home.takes, { recursive: true })).filter((name) => name.endsWith('.take'))
  t.equal(takes.length, 1, 'one session')
  const { records } = parseTake(await readFile(join(ada.node.home.takes, takes[0] ?? ''), 'utf8'))
  const states = ofKind(records, 'sink').filter(({ name }) => name === 'speaker:studio')
  t.deepEqual([states[0]?.state, states[1]?.state], ['open', 'lost'])
  t.deepEqual([states.at(-2)?.state, states.at(-1)?.state], ['open', 'closed'])
  const from = states.at(-2)?.frame ?? NaN
  // A machine that is too slow for its card skips, and the take says from where on.
  const skips = ofKind(records, 'skip').filter(({ frame }) => frame >= from)
  const played = await readFile(card)
  const kept = skips[0] ? (skips[0].frame - from) * BYTES : played.length
  const first = (from - report.firstFrame) * BYTES
  t.ok(
    kept > 0 && played.subarray(0, kept).equals(file.data.subarray(first, first + kept)),
    'from that frame on the mix',
  )
  if (skips.length === 0) t.equal(first + played.length, file.data.length, 'to its end')
  t.ok(
    played.some((byte) => byte !== 0),
    'which is not silence',
  )
})
