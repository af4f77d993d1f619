import { createHash } from 'node:crypto'
import { blobIdOf, entryKeyOf, generatorIdOf, jamIdOf, name, playerIdOf } from '../../lib/base/index.ts'
import type { BlobId, JamId, Name, PlayerId } from '../../lib/base/index.ts'
import { JamConductor } from '../../lib/jam/index.ts'
import type { Command, JamEntry, Score } from '../../lib/jam/index.ts'

const sha256 = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest())

/** An identity by name; nobody has its secret key, since the jam folder is handed entries that are checked already. */
export const playerNamed = (who: string): PlayerId => playerIdOf(sha256(`player ${who}`))
export const archiveNamed = (what: string): BlobId => blobIdOf(sha256(`archive ${what}`))
export const ADA = playerNamed('ada')
export const BEN = playerNamed('ben')
export const CY = playerNamed('cy')
export const JAM: JamId = jamIdOf(ADA, name('first-light'))
/** A bar of 4/4 in ticks. */
export const BAR = 3840

/** Fields of a payload that the writer fills in unless they are given. */
type Fields = Readonly<Record<string, unknown>>

/** Writes entries of one jam, each one microsecond after the one before unless told otherwise. */
export class JamWriter {
  readonly jam: JamId
  readonly entries: JamEntry[] = []
  #now: number

  constructor(jam: JamId = JAM, now = 1_000_000) {
    this.jam = jam
    this.#now = now
  }

  write(identity: PlayerId, payload: Fields & { readonly type: string }, comparable?: number): JamEntry {
    const at = comparable ?? this.#now++
    const key = entryKeyOf(sha256(JSON.stringify([identity, at, payload])))
    const entry = { identity, key, comparable: at, payload }
    this.entries.push(entry)
    return entry
  }

  action(who: PlayerId, action: string, fields: Fields = {}, comparable?: number): JamEntry {
    return this.write(who, { type: 'jam', jam: this.jam, action, ...fields }, comparable)
  }
  start(fields: Fields = {}): JamEntry {
    return this.action(ADA, 'start', { tempo: 112, meter: '4/4', engine: 0, title: 'First light', ...fields })
  }
  admit(by: PlayerId, identity: PlayerId, fields: Fields = {}): JamEntry {
    return this.action(by, 'admit', { identity, ...fields })
  }
  generator(who: PlayerId, generator: string, runtime = 'wasm'): JamEntry {
    const archive = archiveNamed(generator)
    return this.write(who, { type: 'generator', name: generator, archive, size: 1000, runtime })
  }
  play(who: PlayerId, generator: string, at: number, fields: Fields = {}): JamEntry {
    return this.write(who, {
      type: 'play',
      jam: this.jam,
      generator: generatorIdOf(who, generator as Name),
      archive: archiveNamed(generator),
      instance: generator,
      at,
      on: 'bar',
      ...fields,
    })
  }
  stop(who: PlayerId, instance: string, at: number, fields: Fields = {}): JamEntry {
    return this.write(who, { type: 'stop', jam: this.jam, instance, at, on: 'bar', ...fields })
  }
  param(who: PlayerId, instance: string, at: number, fields: Fields = {}): JamEntry {
    const payload = { type: 'param', jam: this.jam, instance, at, on: 'bar', name: 'cutoff', value: 500, ...fields }
    return this.write(who, payload)
  }
  tag(who: PlayerId, tag: string, value: number | string, at: number): JamEntry {
    return this.write(who, { type: 'tag', jam: this.jam, name: tag, value, at, on: 'bar' })
  }
}

/** A jam that Ada started, Ben admitted, each with generators published. */
export function startedJam(fields: Fields = {}): JamWriter {
  const jam = new JamWriter()
  jam.start(fields)
  jam.admit(ADA, BEN)
  for (const generator of ['drums', 'chords']) jam.generator(ADA, generator)
  for (const generator of ['arp', 'bass']) jam.generator(BEN, generator)
  return jam
}

/** Every archive that the writers above publish. */
export const ARCHIVES: readonly BlobId[] = ['drums', 'chords', 'arp', 'bass'].map(archiveNamed)

/** Runs a conductor from `from` to `to` and gives what it commands. */
export function run(conductor: JamConductor, from: number, to: number): Command[] {
  const all: Command[] = []
  for (let frame = from; frame < to; frame += 128) all.push(...conductor.commands(frame))
  return all
}

/** A conductor that was told everything before its first frame. */
export function toldAll(entries: Iterable<JamEntry>, until?: number): JamConductor {
  const init = { jam: JAM, readTag: () => undefined }
  const conductor = new JamConductor(until === undefined ? init : { ...init, until })
  conductor.observe(entries)
  for (const archive of ARCHIVES) conductor.archiveReady(archive)
  return conductor
}

/** The commands of a replay of a score. */
export function replay(entries: readonly JamEntry[], score: Score, frames = score.end + 128): Command[] {
  const conductor = toldAll(entries, score.endTick)
  conductor.begin(0)
  return run(conductor, 0, frames)
}
