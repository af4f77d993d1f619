import { stat } from 'node:fs/promises'
import { MarmaladeError, type Frames, type Name } from '../../lib/base/index.ts'
import type { FromEngine, ToEngine } from '../../lib/engine/index.ts'
import type { Handlers } from '../../lib/host/index.ts'
import { MAX_SKETCHES, sketchIn } from '../../lib/jam/index.ts'
import type { InstanceEvent } from '../../lib/mix/index.ts'
import type { BlobsApi } from '../blobs/index.ts'
import { MAX_ARCHIVE_BYTES } from '../generators/index.ts'
import type { LiveJam } from '../jams/index.ts'
import type { soundContract, SketchEvent } from './contract.ts'
import { SketchEvents } from './sketch-events.ts'
import type { Playing } from './playing.ts'

interface Init {
  readonly blobs: Pick<BlobsApi, 'store' | 'addUses'>
  /** What sounds. @throws NOT_SOUNDING */
  readonly sounding: () => Promise<Playing>
  readonly playing: () => Playing | undefined
  /** How its owner is written in paths. */
  readonly player: string
  /** Mutes an own instance and gives what lets it be heard again; undefined where it is mute already. @throws INSTANCE_AMBIGUOUS */
  readonly mute: (playing: Playing, instance: string) => (() => void) | undefined
}

type Told = Extract<ToEngine, { kind: 'sketch' }>

/** A name under which versions are tried out, while somebody listens to what becomes of them. */
interface Open {
  readonly jam: LiveJam
  readonly events: SketchEvents
  /** Let own instances be heard again that are mute for its sake. */
  readonly unmute: (() => void)[]
  /** The newest version, for an engine that starts anew, and whether it is still to sound there. */
  version?: Told
  /** The path of what sounds. */
  path?: string
}

/** What its owner tries out in the jam that sounds, for itself alone: told the engine, never published. It sounds as long as somebody listens. */
export class Sketching {
  readonly #init: Init
  readonly #open = new Map<Name, Open>()
  readonly #release: () => void

  constructor(init: Init) {
    this.#init = init
    this.#release = init.blobs.addUses((blob) =>
      [...this.#open.values()].some(({ version }) => version?.archive === blob),
    )
  }

  get handlers(): Handlers<typeof soundContract>['sketch'] {
    return {
      open: ({ name }, { signal }) => this.#listen(name, signal),
      play: async ({ name, file, params = {} }) => {
        const open = this.#named(name)
        const { size } = await stat(file)
        if (size > MAX_ARCHIVE_BYTES)
          throw new MarmaladeError('ARCHIVE_TOO_LARGE', `${file} has ${size} bytes; ${MAX_ARCHIVE_BYTES} may be played`)
        const { id: archive } = await this.#init.blobs.store.addFile(file)
        // Whoever listened may have gone meanwhile: then nothing would end it.
        if (this.#named(name) !== open) throw unknown(name)
        // Its owner asks for it here and now: so it may run, a process too.
        const path = this.#init.blobs.store.path(archive)
        open.version = { kind: 'sketch', name, archive, file: path, mayRun: true, params }
        this.#send(open, open.version)
        return { archive, size }
      },
      stop: async ({ name, until }) => {
        const open = this.#named(name)
        delete open.version
        this.#send(open, { kind: 'sketch-end', name, ...(until !== undefined && { until }) })
        return { name }
      },
      silence: async ({ name, instance }) => {
        const open = this.#named(name)
        const playing = this.#playing(open)
        const unmute = playing && this.#init.mute(playing, instance)
        if (unmute) open.unmute.push(unmute)
        return { silenced: unmute !== undefined }
      },
    }
  }

  async *#listen(name: Name, signal: AbortSignal): AsyncGenerator<SketchEvent> {
    const { jam } = await this.#init.sounding()
    if (this.#open.has(name))
      throw new MarmaladeError(
        'SKETCH_TAKEN',
        `${name} is tried out here already: end that, or use another name (--as)`,
      )
    if (this.#open.size >= MAX_SKETCHES)
      throw new MarmaladeError('SKETCH_TAKEN', `${MAX_SKETCHES} generators are tried out here already: end one of them`)
    const open: Open = { jam, events: new SketchEvents(), unmute: [] }
    this.#open.set(name, open)
    try {
      yield { kind: 'open', jam: jam.jam }
      yield* open.events.from(signal)
    } finally {
      this.#open.delete(name)
      this.#send(open, { kind: 'sketch-end', name })
      if (this.#playing(open)) for (const unmute of open.unmute) unmute()
    }
  }

  /** @throws SKETCH_UNKNOWN */
  #named(name: Name): Open {
    const open = this.#open.get(name)
    if (open) return open
    throw unknown(name)
  }

  #send(open: Open, message: ToEngine): void {
    this.#playing(open)?.send(message)
  }

  /** What sounds, where it is the jam in which it was opened. */
  #playing({ jam }: Open): Playing | undefined {
    const playing = this.#init.playing()
    return playing?.jam === jam ? playing : undefined
  }

  /** What an engine that starts anew for a jam is to play. */
  versions(jam: LiveJam): readonly Told[] {
    return [...this.#open.values()].flatMap((open) => (open.jam === jam && open.version ? [open.version] : []))
  }

  /** Another jam is to sound from now on, or none. */
  moved(current: LiveJam | undefined): void {
    for (const open of this.#open.values())
      if (open.jam !== current) open.events.end('another jam is the current one of this node')
  }

  /** Takes in what the engine of a jam says. */
  hear(jam: LiveJam, message: FromEngine): void {
    if (this.#open.size === 0) return
    switch (message.kind) {
      case 'sketch':
        this.#prepared(message)
        return
      case 'instances':
        for (const event of message.events) this.#follow(jam, event)
        return
      case 'tags':
        for (const { path, value } of message.changes) {
          const open = this.#of(path)
          open?.events.push({ kind: 'tag', name: path.split('/').slice(3).join('/'), value })
        }
        return
      case 'levels':
        for (const { path, peak, rms, load } of message.levels.instances) {
          const open = this.#of(path)
          if (open?.path === path) open.events.push({ kind: 'levels', peak, rms, load })
        }
        return
      case 'closed':
        if (message.end !== 'over') return
        for (const open of this.#open.values()) if (open.jam === jam) open.events.end('the jam is over')
    }
  }

  #of(path: string): Open | undefined {
    const name = sketchIn(path, this.#init.player)
    return name === undefined ? undefined : this.#open.get(name)
  }

  #prepared({ name, archive, refusal }: Extract<FromEngine, { kind: 'sketch' }>): void {
    const open = this.#open.get(name)
    if (!open) return
    if (refusal) open.events.push({ kind: 'failed', archive, ...refusal })
    else open.events.push({ kind: 'ready', archive })
  }

  #follow(jam: LiveJam, event: InstanceEvent): void {
    const open = this.#of(event.path)
    if (!open) return
    const { events } = open
    switch (event.kind) {
      case 'started':
        open.path = event.path
        events.push({ kind: 'started', path: event.path, bar: barOf(jam, event.frame) })
        return
      case 'carried':
        events.push({ kind: 'carried', taken: event.taken })
        return
      case 'failed':
        events.push({ kind: 'failed', code: event.failure.code, message: event.failure.message })
        return
      case 'refused':
        events.push({ kind: 'failed', code: 'MIX_REFUSED', message: event.message })
        return
      case 'log':
        events.push({ kind: 'log', text: event.text })
        return
      case 'ended':
        events.push({ kind: 'ended', path: event.path })
    }
  }

  close(): void {
    this.#release()
  }
}

const unknown = (name: Name): MarmaladeError =>
  new MarmaladeError('SKETCH_UNKNOWN', `nobody listens to a sketch ${name}: \`generator dev\` does`)

/** Counted from 1. */
const barOf = ({ ledger: { grid } }: LiveJam, frame: Frames): number =>
  Math.floor(grid.barOfTick(grid.tickOfFrame(frame))) + 1
