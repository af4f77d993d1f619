import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type Test } from 'tape'
import { blobIdOf, type BlobId, type PlayerId } from '../../lib/base/index.ts'
import { pack } from '../../lib/generators/index.ts'
import { readFolder } from '../../lib/generators/node/folder.ts'
import { archiveOf, assemble, fixture, good } from '../helpers/generators.ts'
import { Teardown } from '../helpers/hosts.ts'
import { ADA, BAR, BEN, JAM, JamWriter } from '../helpers/jams.ts'
import { replayed } from '../helpers/sessions.ts'
import { recordingOf } from '../helpers/wavs.ts'
import { InstanceChain, mixOf } from './chain.ts'
import { render } from './host.ts'
import { briefWat, probeWat } from './probe.ts'
import type { Item } from './score.ts'

interface Action {
  readonly bar: number
  readonly player: 'ada' | 'ben'
  readonly do: 'tag' | 'play' | 'end'
  readonly name: string
  readonly value: string
  readonly generator: string
}

/** A jam of two players, and the archives of what they play. */
class Jam extends JamWriter {
  readonly archives = new Map<BlobId, Uint8Array>()
  readonly #named = new Map<string, BlobId>()

  constructor(tempo: number) {
    super()
    this.start({ tempo })
    this.admit(ADA, BEN)
  }
  /** Both publish it. */
  async publish(name: string, archive: Uint8Array): Promise<void> {
    const id = blobIdOf(new Uint8Array(createHash('sha256').update(archive).digest()))
    this.archives.set(id, archive)
    this.#named.set(name, id)
    for (const who of [ADA, BEN]) this.write(who, { type: 'generator', name, archive: id, size: 1, runtime: 'wasm' })
  }
  async publishShipped(...names: string[]): Promise<void> {
    for (const name of names) await this.publish(name, good(pack(await readFolder(fixture('generators', name)))))
  }
  sound(who: PlayerId, generator: string, at: number, fields: Readonly<Record<string, unknown>> = {}): void {
    this.play(who, generator, at, { archive: this.#named.get(generator), ...fields })
  }
  params(
    who: PlayerId,
    instance: string,
    ...changes: [at: number, name: string, value: number, over?: number][]
  ): void {
    for (const [at, name, value, over] of changes)
      this.param(who, instance, at, { name, value, ...(over !== undefined && { over }) })
  }
}

/** Holds every raw stem, every stem and the mix of a replay against the independent host's, bit by bit. */
async function sameBits(t: Test, jam: Jam): Promise<void> {
  const down = new Teardown()
  try {
    const folder = await down.folder()
    const out = join(folder, 'mix.wav')
    const options = { out, stems: join(folder, 'stems'), stemKinds: 'stems and raw' } as const
    const made = await replayed(folder, jam.entries, jam.archives, options)
    const voices = render(JAM, jam.entries as readonly Item[], jam.archives, (voice) => new InstanceChain(voice))
    t.equal(made.stems.length, voices.length * 2, 'as many instances')
    for (const { path, stem, chain } of voices) {
      const [, generator, instance] = path.split('/')
      for (const [ending, mine] of [
        ['raw.wav', stem],
        ['wav', chain.stem],
      ] as const) {
        const file = made.stems.find((name) => name.endsWith(`-${generator}-${instance}.${ending}`)) ?? ''
        same(t, `${generator} ${instance}.${ending}`, file, interleaved(mine))
      }
    }
    const stems = voices.map(({ chain }) => chain.stem)
    same(t, 'the mix', out, mixOf(stems, made.frames))
  } finally {
    await down.run()
  }
}

function interleaved([left, right]: readonly [Float32Array, Float32Array]): Float32Array {
  return Float32Array.from({ length: left.length * 2 }, (_, i) => (i % 2 === 0 ? left : right)[i >> 1] ?? 0)
}

function same(t: Test, what: string, file: string, mine: Float32Array): void {
  const { bits, frames } = recordingOf(file)
  const own = new Int32Array(mine.buffer)
  const first = bits.findIndex((x, i) => x !== own[i])
  t.equal(first < 0 ? -1 : Math.floor(first / 2), -1, `${what}: no frame differs`)
  const heard = mine.findLastIndex((x) => x !== 0) >> 1
  t.ok(heard > 0 && heard < frames, 'something is heard, and nothing after the end')
}

/** At twice its tempo, so that it takes half a minute. */
test('a host made from the documentation alone plays first-light to the bit', async (t) => {
  const plan = JSON.parse(readFileSync(fixture('first-light.json'), 'utf8')) as { tempo: number; actions: Action[] }
  const jam = new Jam(plan.tempo * 2)
  await jam.publishShipped('chords', 'drums', 'arp', 'bass')
  const players = { ada: ADA, ben: BEN }
  for (const { bar, player, ...action } of plan.actions) {
    const [who, at] = [players[player], (bar - 1) * BAR]
    if (action.do === 'tag') jam.tag(who, action.name, action.value, at)
    else if (action.do === 'play') jam.sound(who, action.generator, at)
    else jam.action(who, 'end', { at })
  }
  await sameBits(t, jam)
})

test('and tells a generator the same, call by call', async (t) => {
  const jam = new Jam(133)
  const params = [
    { name: 'a', min: 0, max: 10, default: 1 },
    { name: 'b', min: -5, max: 5, default: 0.5 },
    { name: 'c', min: 0, max: 1, default: 0 },
  ]
  await jam.publish('probe', archiveOf(await assemble(probeWat(true)), { params }))
  await jam.publish('mute', archiveOf(await assemble(probeWat(false)), { params }))
  await jam.publishShipped('chords', 'arp')
  jam.action(ADA, 'tempo', { bar: 2, tempo: 97.3 })
  jam.action(ADA, 'meter', { bar: 3, meter: '7/8' })
  jam.action(ADA, 'tempo', { bar: 4, tempo: 181.7 })
  jam.action(ADA, 'tempo', { bar: 4, tempo: 182.7 })
  jam.action(ADA, 'tempo', { bar: 5, tempo: 1000 })
  jam.sound(ADA, 'chords', 0)
  jam.sound(BEN, 'arp', 2880)
  jam.params(BEN, 'arp', [7680, 'bright', 1.7, 11520])
  jam.tag(BEN, 'context', 'drop', 7680)
  // At once and on the way, beyond its range, at the start, at the stop, after it.
  jam.sound(ADA, 'probe', 0, { params: { a: 3, gain: -20 } })
  jam.params(ADA, 'probe', [0, 'b', 4, 960], [480, 'a', 30, 960], [700, 'a', 2], [700, 'a', 5, 3])
  jam.params(ADA, 'probe', [701, 'c', 0.5, 2000], [1701, 'c', 0.1, 3000])
  for (let i = 0; i < 30; i++) jam.params(ADA, 'probe', [5000 + i, 'b', i / 8 - 2, i % 3 === 0 ? 20 : 0])
  jam.params(ADA, 'probe', [6000, 'gain', -12, 4000], [7000, 'pan', 0.5], [7001, 'pan', -0.5])
  jam.stop(ADA, 'probe', 8180)
  jam.params(ADA, 'probe', [8180, 'a', 7], [8280, 'a', 8], [8280, 'gain', 3])
  // Replaced, and of a length that is shorter than a fade.
  jam.sound(ADA, 'mute', 900, { instance: 'm1' })
  jam.sound(ADA, 'mute', 7580, { instance: 'm2', replaces: 'm1', length: 3000 })
  jam.sound(ADA, 'mute', 8000, { instance: 'm3', length: 3, params: { gain: 9, pan: -0.7 } })
  jam.params(ADA, 'm1', [7583, 'a', 3])
  // Begun while its parameters are on their way.
  for (let i = 0; i < 5; i++) {
    jam.sound(BEN, 'probe', 1300 + 97 * i, { instance: `q${i}`, length: 1000, params: { a: i * 1.1, gain: -i } })
    for (const name of ['a', 'b', 'c', 'gain']) jam.params(BEN, `q${i}`, [700 + 13 * i, name, 0.7 + i / 10, 2000])
    for (const name of ['a', 'b']) jam.params(BEN, `q${i}`, [1050 + 17 * i, name, 0.3 + i / 7, 2000])
  }
  jam.sound(BEN, 'probe', 2003, { instance: 'p', params: { b: -3 } })
  jam.params(BEN, 'p', [500, 'a', 40, 3000], [600, 'b', 4, 3000], [1600, 'b', -4, 3000], [2003, 'c', 1, 100])
  // More than there are cuts for.
  for (let i = 0; i < 60; i++)
    jam.params(BEN, 'p', [18_340 + i, ['a', 'b', 'gain', 'pan'][i % 4] ?? '', i / 60, i % 3 === 0 ? 200 : 0])
  jam.action(ADA, 'end', { at: 19_200 })
  await sameBits(t, jam)
})

test('and ends what ends by itself on the same sample', async (t) => {
  const jam = new Jam(120)
  await jam.publish('brief', archiveOf(await assemble(briefWat())))
  for (const i of [0, 1, 2]) jam.sound(ADA, 'brief', 100 + i, { instance: `b${i}`, params: { gain: i * 6 } })
  jam.params(ADA, 'b2', [150, 'pan', 1, 10])
  jam.action(ADA, 'end', { at: 960 })
  await sameBits(t, jam)
})
