import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { CardPosition, parseRate, parseStatus } from '../../lib/sink/index.ts'

interface Fields {
  readonly state?: string
  readonly owner?: number
  readonly triggered?: string
  readonly delay?: number
  readonly given?: number
}

/** As Linux 6 writes it. */
const statusText = ({
  state = 'RUNNING',
  owner = 4_321,
  triggered = '1200.000000001',
  delay = 960,
  given = 48_000,
}: Fields = {}): string => `state: ${state}
owner_pid   : ${owner}
trigger_time: ${triggered}
tstamp      : 1201.000000000
delay       : ${delay}
avail       : 2880
avail_max   : 3360
-----
hw_ptr      : ${given - delay}
appl_ptr    : ${given}
`
const HW_PARAMS = `access: RW_INTERLEAVED
format: S32_LE
subformat: STD
channels: 2
rate: 48000 (48000/1)
period_size: 960
buffer_size: 3840
`

test('alsa: what the kernel says of a substream', (t) => {
  t.deepEqual(parseStatus(statusText()), { owner: 4_321, triggered: '1200.000000001', delay: 960, given: 48_000 })
  for (const text of ['closed\n', '', statusText({ state: 'XRUN' }), statusText({ delay: -5 }), 'state: RUNNING\n'])
    t.equal(parseStatus(text), undefined, JSON.stringify(text.slice(0, 20)))
  t.equal(parseRate(HW_PARAMS), 48_000)
  t.equal(parseRate('closed\n'), undefined)
  t.end()
})

test('alsa: how much of what a player was handed has sounded, also after it ran dry', async (t) => {
  const asound = await mkdtemp(join(tmpdir(), 'marmalade-asound-'))
  const sub = join(asound, 'card1', 'pcm0p', 'sub0')
  const other = join(asound, 'card0', 'pcm3p', 'sub0')
  const capture = join(asound, 'card0', 'pcm0c', 'sub0')
  for (const folder of [sub, other, capture]) {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'hw_params'), HW_PARAMS)
    await writeFile(join(folder, 'status'), 'closed\n')
  }
  const says = (fields: Fields): Promise<void> => writeFile(join(sub, 'status'), statusText(fields))
  await writeFile(join(other, 'status'), statusText({ owner: 99, given: 7 }))
  await says({ given: 4_800, delay: 4_700 })
  const card = new CardPosition({ pid: 4_321, piece: 2_400, asound })
  t.equal(card.heard(5_000), 100, '200 wait for the next piece')
  await says({ given: 7_200, delay: 2_000 })
  t.equal(card.heard(7_300), 5_200)
  await says({ state: 'XRUN' })
  t.equal(card.heard(7_300), undefined)
  await says({ triggered: '1300.5', given: 2_400, delay: 2_300 })
  t.equal(card.heard(9_700), 7_200 + 100, 'of 9,700 the last 100 wait, before them 2,300')
  await says({ triggered: '1300.5', given: 1_000_000, delay: 0 })
  t.equal(card.heard(9_800), undefined, 'more than it was handed is not ours')
  t.equal(new CardPosition({ pid: 1, piece: 2_400, asound }).heard(5_000), undefined, 'nothing of this process plays')
  await writeFile(join(sub, 'hw_params'), HW_PARAMS.replace('48000 (48000/1)', '44100 (44100/1)'))
  await says({ given: 4_800, delay: 4_700 })
  t.equal(new CardPosition({ pid: 4_321, piece: 2_400, asound }).heard(5_000), undefined, 'counted in other frames')
  t.equal(new CardPosition({ pid: 4_321, piece: 2_400, asound: join(asound, 'none') }).heard(5_000), undefined)
  await rm(asound, { recursive: true })
})
