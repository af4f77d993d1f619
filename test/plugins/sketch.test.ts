import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { name, refOf } from '../../lib/base/index.ts'
import { pinsOf } from '../../plugins/blobs/pins.ts'
import { packGenerator } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract, type SketchEvent } from '../../plugins/sound/index.ts'
import { fixture } from '../helpers/generators.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e, startJam, type TestNode } from '../helpers/node-kit.ts'

const TRY = name('try')
const sound = (node: TestNode) => node.ask(soundContract)

/** Listens to a sketch until it is told of something. */
class Listening {
  readonly #events: AsyncIterator<SketchEvent>
  constructor(node: TestNode) {
    this.#events = sound(node).sketch.open({ name: TRY })[Symbol.asyncIterator]()
  }
  async next<K extends SketchEvent['kind']>(
    kind: K,
    is: (event: Extract<SketchEvent, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<SketchEvent, { kind: K }>> {
    for (;;) {
      const { value, done } = (await this.#events.next()) as IteratorResult<SketchEvent, undefined>
      if (done) throw new Error(`it ended before ${kind}`)
      if (value.kind === kind && is(value as never)) return value as never
    }
  }
  async stop(): Promise<void> {
    await this.#events.return?.()
  }
}

e2e('a sketch sounds on its author\u2019s node alone, as long as somebody listens to it', async (t, kit) => {
  const folder = await kit.folder()
  const ada = await kit.node()
  await startJam('friday', ada)
  await ada.ask(jamsContract).jam.tempo({ tempo: 300, on: 'bar' })
  const file = join(folder, 'drums.tgz')
  await writeFile(file, (await packGenerator(fixture('generators', 'drums'))).archive)
  const play = () => sound(ada).sketch.play({ name: TRY, file, params: { gain: -3 } })
  t.equal(await codeOf(play()), 'SKETCH_UNKNOWN', 'nobody listens')

  const listening = new Listening(ada)
  await listening.next('open')
  t.equal(await codeOf(new Listening(ada).next('open')), 'SKETCH_TAKEN')
  const { archive } = await play()
  t.equal((await listening.next('ready')).archive, archive)
  const first = await listening.next('started')
  t.equal(first.path, `${refOf(ada.id)}/drums/try~1`)
  t.ok(Number.isInteger(first.bar))
  t.equal((await listening.next('tag')).name, 'kick')
  const levels = await listening.next('levels', ({ peak, load }) => peak > 0.01 && load > 0)
  t.ok(levels.load < 1_000, 'a part of a core')
  t.equal((await ada.ask(jamsContract).jam.show({})).instances.length, 0, 'the jam knows nothing of it')

  await play()
  const second = await listening.next('started')
  t.ok(second.bar > first.bar, 'the next version, on a later bar')
  t.equal((await listening.next('ended')).path, first.path)

  const { engine = 0 } = await ada.sound()
  process.kill(engine, 'SIGKILL')
  t.equal((await listening.next('started')).path, first.path, 'an engine that starts anew plays it again')

  const pins: string[] = []
  const { store } = ada.feeds
  for await (const { blob, why } of pinsOf({ store, counts: () => false, shown: () => '', takes: ada.node.home.takes }))
    if (blob === archive) pins.push(why)
  t.ok(pins[0]?.startsWith('take '), 'what a take needs stays')

  await listening.stop()
  await ada.sounds('it ends with who listened', ({ instances }) => instances.length === 0)
  const again = new Listening(ada)
  await again.next('open')
  await ada.ask(jamsContract).jam.end({ on: 'now' })
  t.equal((await again.next('over')).message, 'the jam is over')
})
