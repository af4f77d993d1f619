import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jamsContract } from '../../plugins/jams/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { meet, startJam, withNodes } from '../helpers/program-nodes.ts'
import { replayed } from '../helpers/programs.ts'
import { nothingLate } from '../helpers/small-jam.ts'
import { compare, peakOf, recordingOf } from '../helpers/wavs.ts'

const TEMPO = 240
const AHEAD = 6

withNodes('patterns of two players: published, heard by both, swapped, replayed to one file', async (t, nodes) => {
  const [ada, ben] = await Promise.all([nodes.start('ada'), nodes.start('ben')])
  const write = async (name: string, text: string): Promise<string> => {
    const folder = await nodes.place(name)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'generator.json'), JSON.stringify({ name, runtime: 'pattern' }))
    await writeFile(join(folder, 'pattern.txt'), text)
    return folder
  }
  t.equal(await codeOf(ada.publish(await write('wrong', 'kick q'))), 'PATTERN_TEXT', 'a text at fault is not published')
  await ada.publish('groove')
  await ben.publish(await write('line', 'pluck 1.3. 5.3. follow chord note d4\nhat xxxx gain -12 duck 1'))
  await meet(ada, ben)
  const jam = await startJam('patterns', TEMPO, ada, ben)
  const first = (await ada.bar(jam)) + AHEAD
  await ada.play(jam, 'groove', first)
  await ben.play(jam, 'line', first)
  await ben.publish(await write('line', 'lead d4 _ f4 . follow chord'))
  await ben.play(jam, 'line', first + 2, { replaces: 'line' })
  await ada.ask(jamsContract).perform.tag({ jam, name: 'context', value: 'break', on: String(first + 3) })
  await ada.ask(jamsContract).jam.end({ jam, on: String(first + 4) })
  const reports = await Promise.all([ada.finished(), ben.finished()])
  await Promise.all([ada.stop(), ben.stop()])

  const score = await replayed(ada.home, 'patterns', await nodes.place('ada-replay.wav'), '--threads', '1')
  const bens = await replayed(ben.home, 'patterns', await nodes.place('ben-replay.wav'), '--threads', '2')
  t.equal(bens.sha256, score.sha256, 'one file, from both homes, on one thread and on two')
  const whole = recordingOf(score.file, score.firstFrame)
  t.ok(peakOf(whole) > 0.2, 'and it sounds')
  for (const [n, node] of [ada, ben].entries()) {
    await nothingLate(t, node.name, reports[n]!)
    const live = recordingOf(node.live, reports[n]!.firstFrame)
    t.equal(compare(live, whole).differing, 0, `${node.name} heard the score to the last sample`)
  }
})
