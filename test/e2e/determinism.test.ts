import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Payload } from '../../lib/entry/index.ts'
import { withNodes } from '../helpers/program-nodes.ts'
import { asked, marmalade, replayed } from '../helpers/programs.ts'
import { nothingLate, publishAgain, recordSmallJam } from '../helpers/small-jam.ts'
import { compare, peakOf, recordingOf } from '../helpers/wavs.ts'

const FULL_SECONDS = 8

withNodes('what two nodes heard is the score, and the score is one file wherever it is rendered', async (t, nodes) => {
  const recorded = await recordSmallJam(nodes)
  const { ada, ben, reports } = recorded

  const out = (name: string): Promise<string> => nodes.place(`${name}.wav`)
  const score = await replayed(ada.home, 'small', await out('ada-replay'))
  const bens = await replayed(ben.home, 'small', await out('ben-replay'))
  t.equal(bens.sha256, score.sha256, 'both homes give one file')
  t.equal(bens.scoreHash, score.scoreHash)
  const whole = recordingOf(score.file, score.firstFrame)
  t.equal(whole.sha256, score.sha256, 'its SHA-256 is the one that is printed')
  t.equal(whole.first, 0)

  for (const [node, report] of [
    [ada, reports[0]],
    [ben, reports[1]],
  ] as const) {
    await nothingLate(t, node.name, report)
    const live = recordingOf(node.live, report.firstFrame)
    const { from, to, differing, at } = compare(live, whole)
    t.equal(from, report.firstFrame, `${node.name} from the first frame`)
    t.equal(to, whole.frames, 'to the last')
    t.ok(to - from > FULL_SECONDS * 48_000, `${to - from} frames`)
    t.equal(differing, 0, `${node.name} heard the score to the last sample${at < 0 ? '' : `, but for frame ${at}`}`)
    t.ok(peakOf(live) > 0.1, `and it is loud enough: ${peakOf(live)}`)
  }

  for (const threads of [1, 2, 3]) {
    const once = await replayed(ada.home, 'small', await out(`threads-${threads}`), '--threads', String(threads))
    t.equal(once.sha256, score.sha256, `the same on ${threads} threads`)
  }

  const same = await publishAgain(nodes, recorded, 'same', (payload) => payload)
  const unchanged = await replayed(same, 'small', await out('same'))
  t.notEqual(unchanged.scoreHash, score.scoreHash, 'published again it is another set of entries')
  t.equal(unchanged.samplesSha256, score.samplesSha256, 'that says the same, so it sounds the same')
  const other = await publishAgain(nodes, recorded, 'other', lessEcho)
  const changed = await replayed(other, 'small', await out('other'))
  t.notEqual(changed.samplesSha256, score.samplesSha256, 'one parameter changed: another file')

  const drums = await archiveOf(same, 'drums')
  const blob = blobFile(same, drums)
  const bytes = await readFile(blob)
  bytes[bytes.length >> 1]! ^= 1
  await writeFile(blob, bytes)
  const spoilt = await marmalade(['replay', 'small', '--out', await out('spoilt')], { home: same })
  t.equal(spoilt.code, 1, 'one bit of an archive changed: refused')
  await rm(blob)
  const lacking = await marmalade(['replay', 'small', '--out', await out('lacking')], { home: same })
  t.equal(lacking.code, 1, 'an archive is missing: refused')
  for (const { stderr, stdout } of [spoilt, lacking]) {
    t.match(stderr, /^marmalade: drums by \S+ cannot be replayed: [^\n]*\(GENERATOR_MISSING\)\n$/, stderr.trim())
    t.ok(stderr.includes(drums), 'it names the archive')
    t.equal(stdout, '')
  }
})

function lessEcho(payload: Payload): Payload {
  if (typeof payload === 'string' || payload.type !== 'param' || payload['name'] !== 'echo') return payload
  return { ...payload, value: 0.25 }
}

/** The archive that a feed publishes under a name. */
async function archiveOf(home: string, name: string): Promise<string> {
  const { entries } = await asked<{ entries: { payload: { type: string; name?: string; archive?: string } }[] }>(
    ['feed'],
    { home },
  )
  const found = entries.find(({ payload }) => payload.type === 'generator' && payload.name === name)?.payload.archive
  if (found === undefined) throw new Error(`no ${name} is published`)
  return found
}

/** Where a home keeps a blob. */
function blobFile(home: string, id: string): string {
  const hash = Buffer.from(id.slice(1, 45), 'base64').toString('hex')
  return join(home, 'blobs', 'sha256', hash.slice(0, 2), hash.slice(2))
}
