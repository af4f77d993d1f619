import { hasCode, type Name, type PlayerId } from '../../lib/base/index.ts'
import type { Remote } from '../../lib/host/index.ts'
import type { generatorsContract } from '../../plugins/generators/index.ts'
import type { jamsContract } from '../../plugins/jams/index.ts'
import type { SketchEvent, soundContract } from '../../plugins/sound/index.ts'
import { heardBy } from '../cli/hearing.ts'
import { Builds, refusalOf } from './builds.ts'
import type { DevEvent, Playing } from './events.ts'
import { Folder } from './folder.ts'

/** Readings of a version's levels until it counts as measured: they come every 250 ms. */
const READINGS = 3
/** Names with a number that are tried where one is used up. */
const MAX_NUMBER = 1_000
/** Tags that are remembered for a view. */
const MAX_TAGS = 64

interface Init {
  /** The whole path. */
  readonly folder: string
  /** What it is called in the jam, and whether its author said so. */
  readonly name: Name
  readonly asked: boolean
  /** Of which generator an instance that was published before is replaced. */
  readonly generator: Name
  readonly params: Readonly<Record<string, number>>
  readonly player: PlayerId
  readonly jam: string | undefined
  readonly sound: Remote<typeof soundContract>
  readonly jams: Remote<typeof jamsContract>
  readonly generators: Remote<typeof generatorsContract>
  readonly tell: (event: DevEvent) => void
}

/** What a view shows beside what was told. */
export interface DevState {
  readonly levels: { readonly peak: number; readonly rms: number; readonly load: number } | undefined
  readonly tags: ReadonlyMap<string, number | string>
  readonly building: boolean
  /** Since when the newest version sounds; undefined where none does. */
  readonly bar: number | undefined
  /** What plays for everybody. */
  readonly published: string | undefined
}

/** A version that sounds and is being measured, with the highest of its levels. */
interface Measuring {
  playing: Playing
  readings: number
  peak: number
}

/** Tries a folder out in the running jam, for its author alone, until it is ended; publishes it when asked to. */
export class DevSession {
  readonly #init: Init
  readonly #folder: Folder
  readonly #builds: Builds
  readonly #stop = new AbortController()
  readonly #tags = new Map<string, number | string>()
  #measuring: Measuring | undefined
  #levels: DevState['levels']
  #bar: number | undefined
  /** Of the newest version. */
  #path: string | undefined
  #building = false
  #versions = 0
  /** When the save of the newest version was noticed. */
  #saved = 0
  /** What plays for everybody, and whether it is silent here so that only the sketch is heard. */
  #published: string | undefined
  #silenced: string | undefined
  /** What the owner asked for happens one after the other. */
  #doing: Promise<void> = Promise.resolve()

  constructor(init: Init) {
    this.#init = init
    this.#folder = new Folder(init.folder)
    this.#builds = new Builds({
      folder: this.#folder,
      tell: (event) => this.#tell(event),
      signal: this.#stop.signal,
      play: async (file, { saved }) => {
        const { name, params, sound } = this.#init
        this.#saved = saved
        await sound.sketch.play({ name, file, params })
      },
    })
  }

  get state(): DevState {
    return {
      levels: this.#levels,
      tags: this.#tags,
      building: this.#building,
      bar: this.#bar,
      published: this.#published,
    }
  }

  /** Until it is ended, or the jam is. @throws what the folder or the node refuses at first */
  async run(): Promise<void> {
    const { name, sound } = this.#init
    const { signal } = this.#stop
    let building: Promise<void> = Promise.resolve()
    try {
      for await (const event of sound.sketch.open({ name }, { signal })) {
        this.#hear(event)
        if (event.kind !== 'open') continue
        this.#published = await this.#played()
        building = this.#builds.run()
        building.catch(() => this.end())
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      this.end()
      // It may look at the folder once more.
      await building.catch(() => undefined)
      this.#folder.close()
      await this.#doing
    }
    await building
  }

  /** What sounds fades out. */
  end(): void {
    this.#stop.abort()
  }

  /** Builds and plays the folder again as it is. */
  again(): void {
    this.#builds.again()
  }

  /** Publishes the folder and plays it for everybody from the next bar on, in place of what was published before; the sketch ends there. */
  publish(): Promise<void> {
    this.#doing = this.#doing.then(async () => {
      try {
        await this.#publish()
      } catch (error) {
        this.#tell({ event: 'unpublished', ...refusalOf(error) })
      }
    })
    return this.#doing
  }

  async #publish(): Promise<void> {
    const { folder, name, sound, generators } = this.#init
    if (!this.#builds.good) {
      this.#tell({ event: 'unpublished', code: 'USAGE', message: 'as it is now it cannot be built' })
      return
    }
    const { archive, name: generator } = await generators.authoring.publish({ folder })
    // Told before: where the play is due, it ends.
    await sound.sketch.stop({ name, until: archive })
    const { instance, hears, place } = await this.#play(generator)
    this.#published = instance
    this.#tell({ event: 'published', instance, archive, heard: heardBy(hears, place.bar) })
  }

  async #play(generator: string): ReturnType<Init['jams']['perform']['play']> {
    const { jam, jams, name, asked, params } = this.#init
    const play = (as: string | undefined): ReturnType<Init['jams']['perform']['play']> =>
      jams.perform.play({
        generator,
        params,
        ...(jam !== undefined && { jam }),
        ...(as !== undefined && { as }),
        ...(this.#published !== undefined && { replaces: this.#published }),
      })
    if (!asked) return play(undefined)
    for (let number = 1; ; number++) {
      try {
        return await play(number === 1 ? name : `${name.slice(0, 59)}-${number}`)
      } catch (error) {
        // A name is used once in a jam.
        if (!hasCode(error, 'INSTANCE_TAKEN') || number === MAX_NUMBER) throw error
      }
    }
  }

  /** What its author plays of it already, for everybody. */
  async #played(): Promise<string | undefined> {
    const { jam, jams, player, generator } = this.#init
    const { instances } = await jams.jam.show(jam === undefined ? {} : { jam })
    const own = instances.filter((row) => row.player === player && !row.stopped)
    return own.findLast((row) => row.generator === generator)?.instance
  }

  #hear(event: SketchEvent): void {
    switch (event.kind) {
      case 'open':
        this.#tell({ event: 'open', jam: event.jam, name: this.#init.name })
        return
      case 'started':
        this.#started(event)
        return
      case 'carried':
        if (this.#measuring) this.#measuring.playing = { ...this.#measuring.playing, carried: event.taken }
        return
      case 'levels':
        this.#measure(event)
        return
      case 'tag':
        if (this.#tags.has(event.name) || this.#tags.size < MAX_TAGS) this.#tags.set(event.name, event.value)
        return
      case 'log':
        this.#tell({ event: 'log', text: event.text })
        return
      case 'failed': {
        const { archive, code, message } = event
        this.#conclude()
        this.#tell({ event: archive === undefined ? 'failed' : 'refused', code, message })
        return
      }
      case 'ended':
        if (event.path === this.#path) this.#bar = this.#levels = undefined
        return
      case 'missed':
        this.#tell({ event: 'log', text: `${event.count} events were too many at once` })
        return
      case 'ready':
        return
      case 'over':
        this.#conclude()
        this.#tell({ event: 'over', message: event.message })
    }
  }

  #started({ bar, path }: Extract<SketchEvent, { kind: 'started' }>): void {
    this.#conclude()
    this.#bar = bar
    this.#path = path
    const millis = Math.round(performance.now() - this.#saved)
    this.#measuring = { playing: { bar, version: ++this.#versions, millis }, readings: 0, peak: 0 }
    this.#doing = this.#doing
      .then(() => this.#silence())
      .catch((error: unknown) => {
        const text = `what was published before is heard as well: ${refusalOf(error).message}`
        this.#tell({ event: 'log', text })
      })
  }

  #measure({ peak, rms, load }: Extract<SketchEvent, { kind: 'levels' }>): void {
    this.#levels = { peak, rms, load }
    const measuring = this.#measuring
    if (!measuring) return
    measuring.peak = Math.max(measuring.peak, peak)
    measuring.playing = { ...measuring.playing, load, peak: measuring.peak }
    if (++measuring.readings === READINGS) this.#conclude()
  }

  /** Tells of the version that sounds what is known of it by now. */
  #conclude(): void {
    const measuring = this.#measuring
    this.#measuring = undefined
    if (measuring) this.#tell({ event: 'playing', ...measuring.playing })
  }

  #tell(event: DevEvent): void {
    if (event.event === 'building') this.#building = true
    if (['built', 'fault', 'refused'].includes(event.event)) this.#building = false
    this.#init.tell(event)
  }

  /** What was published before is not heard here beside the sketch; it is again when this ends. */
  async #silence(): Promise<void> {
    const { name, sound } = this.#init
    const instance = this.#published
    if (instance === undefined || instance === this.#silenced) return
    await sound.sketch.silence({ name, instance })
    this.#silenced = instance
  }
}
