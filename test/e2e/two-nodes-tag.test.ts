import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { barAhead, e2e, meet, startSounding, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

/** At 120 a minute, 4/4. */
const FRAMES_PER_BAR = 96_000

interface Seen {
  readonly value?: number | string | undefined
  readonly frame?: number | undefined
}
const tagOn = (node: TestNode, path: string): Promise<Seen> => node.ask(soundContract).tags.get({ path })

e2e('a tag set ahead is seen at its beat, on the frame, by every node and in every take', async (t, kit) => {
  const ada = await kit.node()
  const ben = await kit.node()
  await meet(ada, ben)
  const jam = await startSounding('friday', ada, ben)
  const first = await ben
    .ask(jamsContract)
    .perform.tag({ name: 'context', value: 'build', on: await barAhead(ben, jam, 3) })
  const second = await ben
    .ask(jamsContract)
    .perform.tag({ name: 'context', value: 'drop', on: String(first.place.bar + 1) })
  const frames = [first, second].map(({ place }) => (place.bar - 1) * FRAMES_PER_BAR)

  await ada.caughtUpWith(ben)
  for (const node of [ada, ben]) {
    const { frame = 0 } = await node.sound()
    t.ok(frame < (frames[0] ?? 0), 'its bar is still to come')
    t.notEqual((await tagOn(node, 'jam/context')).value, 'build', 'nobody sees it yet')
  }
  const seen = await Promise.all(
    [ada, ben].map((node) =>
      until(
        'the second is seen',
        () => tagOn(node, 'jam/context'),
        ({ value }) => value === 'drop',
      ),
    ),
  )
  for (const { frame } of seen) t.equal(frame, frames[1])
  for (const node of [ada, ben]) {
    const lines = await until(
      'the take has both',
      async () => (await node.takeLines()).filter(({ key }) => key === first.key || key === second.key),
      ({ length }) => length === 2,
    )
    t.deepEqual(
      lines.map(({ kind }) => kind),
      ['applied', 'applied'],
    )
    t.deepEqual(
      lines.map(({ frame }) => frame),
      frames,
      'on the first frame of its bar',
    )
    t.deepEqual(
      lines.map(({ late }) => late),
      [undefined, undefined],
      'and not late',
    )
    t.equal((await node.sound()).late, 0)
  }
})
