import { join } from 'node:path'
import { jamIdOf, type Name } from '../../lib/base/index.ts'
import { readTake } from '../../lib/engine/index.ts'
import type { TakeLine } from '../../lib/jam/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { CY, startedJam } from '../helpers/jams.ts'
import { ALL, session } from '../helpers/session-tests.ts'
import { BEAT_FRAMES, sines, smallJam, wavOf } from '../helpers/sessions.ts'
import { again, rewritten, takeText } from '../helpers/take-again.ts'

session('a take of a crash is replayed as far as it goes; what is no whole take is refused by code', async (t, rig) => {
  const archives = await sines()
  const { entries } = smallJam()
  await rig.open({ entries, archives })
  const { report } = await rig.finish(ALL)
  const heard = { rig, entries, archives }
  const torn = await rewritten(rig, (lines) => `${takeText(lines.filter(({ kind }) => kind !== 'close'))}{"kind":"en`)
  t.ok(torn.torn)
  const made = await again(heard, { take: torn, out: join(rig.place, 'torn.wav') })
  t.equal(made.take?.heardSha256, undefined)
  t.ok(made.frames >= 4 * BEAT_FRAMES)
  const whole = await again(heard, { out: join(rig.place, 'whole.wav') })
  t.equal(whole.samplesSha256, report.samplesSha256)
  const [a, b] = [await wavOf(join(rig.place, 'torn.wav')), await wavOf(join(rig.place, 'whole.wav'))]
  t.ok(a.data.equals(b.data.subarray(0, a.data.length)))

  const old = await rewritten(rig, ([header, ...rest]) => takeText([{ ...header, version: 1 } as TakeLine, ...rest]))
  t.equal(await codeOf(again(heard, { take: old })), 'TAKE_INCOMPLETE')
  const endless = await again({ ...heard, entries: entries.slice(0, -1) })
  t.deepEqual(endless.missing, { entries: 1, frame: report.firstFrame }, 'an entry is gone: told, not refused')
  const { said } = endless.take?.divergence ?? {}
  t.ok(said?.kind === 'ended' && said.reason === 'end', 'and what came otherwise')
  const foreign = startedJam({ title: 'Another' }).play(CY, 'drums', 0)
  const none = await rewritten(rig, ([header, ...rest]) =>
    takeText([
      header as TakeLine,
      ...rest.map((one) => (one.kind === 'observed' ? { ...one, keys: [foreign.key] } : one)),
    ]),
  )
  t.equal(await codeOf(again(heard, { take: none })), 'TAKE_INCOMPLETE', 'none of its entries is here')
  const otherJam = { jam: jamIdOf(CY, 'other' as Name) }
  const other = await rewritten(rig, ([header, ...rest]) => takeText([{ ...header, ...otherJam } as TakeLine, ...rest]))
  t.equal(await codeOf(again(heard, { take: other })), 'TAKE_INVALID')
  t.equal(await codeOf(readTake(join(rig.place, 'nowhere.take'))), 'FILE_INVALID')

  const forged = await rewritten(rig, (lines) =>
    takeText(
      lines.map((line) => (line.kind === 'started' && line.frame > 0 ? { ...line, frame: line.frame + 128 } : line)),
    ),
  )
  const divergence = (await again(heard, { take: forged })).take?.divergence
  t.deepEqual([divergence?.frame, divergence?.said?.kind], [BEAT_FRAMES, 'started'], 'told apart from what happens')
})
