import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import { makeSink, parseSink, RETRIES, type Sink } from '../../lib/sink/index.ts'
import { killPlayers, Plug, withoutAplay, withoutSpeaker } from '../helpers/alsa.ts'
import { Teardown } from '../helpers/hosts.ts'
import { until } from '../helpers/until.ts'
import { counted, MILLI, PumpRig } from '../helpers/pumps.ts'

/** A sink that says when it has taken what it was given: then no clock that runs ahead of it makes it late. */
class Watched implements Sink {
  readonly name: string
  readonly lateness = 'skip'
  readonly #inner: Sink
  #last: Promise<void> = Promise.resolve()

  constructor(inner: Sink) {
    this.#inner = inner
    this.name = inner.name
  }
  open(): Promise<void> {
    return this.#inner.open()
  }
  write(samples: Float32Array): Promise<void> {
    return (this.#last = this.#inner.write(samples))
  }
  close(): Promise<void> {
    return this.#inner.close()
  }
  async idle(): Promise<void> {
    await this.#last.catch(() => undefined)
  }
}

for (const [kind, missing] of [
  ['speaker', withoutSpeaker()],
  ['aplay', withoutAplay()],
] as const) {
  test(
    `replug: a card of ${kind} that goes and comes back plays what the mix holds then`,
    { skip: missing ?? false },
    async (t) => {
      const down = new Teardown()
      try {
        const folder = await down.folder()
        const file = join(folder, 'card.raw')
        const plug = down.add(await Plug.make(folder, file), (it) => it.restore())
        const card = new Watched(makeSink(parseSink(`${kind}:studio`)))
        const rig = await new PumpRig(card).begin()
        const pass = async (millis: number): Promise<void> => {
          for (let passed = 0; passed < millis; passed += 10) {
            await rig.pass(10)
            await card.idle()
          }
        }
        const stateIs = (state: string, count: number) => (): boolean =>
          rig.states.length === count && rig.states.at(-1)?.state === state
        await pass(300)

        await plug.pull()
        t.equal(await killPlayers(process.pid, kind), 1)
        await until('the loss is told', async () => {
          await pass(10)
          await rig.settle()
          return stateIs('lost', 2)()
        })
        await pass(RETRIES[0] ?? 0)
        await until('it is tried again, in vain', stateIs('lost', 3))
        t.deepEqual(
          rig.states.map((state) => [state.state, 'retryMillis' in state ? state.retryMillis : undefined]),
          [
            ['open', undefined],
            ['lost', RETRIES[0]],
            ['lost', RETRIES[1]],
          ],
        )
        await pass(500)

        await plug.push()
        await pass(RETRIES[1] ?? 0)
        await until('it plays again', stateIs('open', 4))
        const from = rig.pump.moved
        await pass(700)
        t.equal(rig.pump.moved, rig.now * MILLI, 'at the pace of its clock')
        await rig.pump.drain()
        const all = counted(from, rig.pump.moved)
        const want = Buffer.from(Float32Array.from(all.flatMap((sample) => [sample, sample])).buffer)
        const got = await readFile(file)
        t.ok(got.subarray(0, want.length).equals(want), 'byte for byte, from the frame on that was due')
        t.ok(
          got.subarray(want.length).every((byte) => byte === 0),
          'and silence at most after it',
        )
        t.deepEqual(rig.moved, counted(0, rig.pump.moved), 'the jam went on all the while')
        t.deepEqual(rig.late, [])
      } finally {
        await down.run()
      }
    },
  )
}
