import { join } from 'node:path'
import { availableParallelism } from 'node:os'
import { ownedParts, refOf, type Clock, type Frames, type PlayerId } from '../../lib/base/index.ts'
import type { MixAct } from '../../lib/engine/index.ts'
import { jamOf, readPayload, typeOf } from '../../lib/entry/index.ts'
import { sweepUnpacked, unpackOwner } from '../../lib/generators/process/node/folders.ts'
import { definePlugin, need, type Handlers, type Plugin } from '../../lib/host/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import type { BlobsApi } from '../blobs/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { GeneratorsApi } from '../generators/index.ts'
import type { JamsApi, LiveJam } from '../jams/index.ts'
import { soundContract } from './contract.ts'
import { JamLog } from './jam-log.ts'
import { mixHandlers, muteOwn, shownPath } from './mixing.ts'
import { Scenes } from './scenes.ts'
import { Sketching } from './sketching.ts'
import { Stand } from './stand.ts'
import { tagHandlers } from './tags.ts'
import { takesOf } from './take-folder.ts'
import type { SoundApi } from './types.ts'

interface Init {
  readonly clock: Clock
  /** As the user wrote it. */
  readonly sink: string
  /** `<home>/takes` and `<home>/jams`. */
  readonly takes: string
  readonly jams: string
  /** Where scenes of the player's own mix are kept. */
  readonly scenes: string
  readonly appVersion: string
}

/** The sound of the current jam: one engine process, told of entries and archives as they arrive. */
export function soundPlugin(init: Init): Plugin<SoundApi, typeof soundContract> {
  return definePlugin({
    name: 'sound',
    contract: soundContract,
    needs: {
      blobs: need<BlobsApi>('blobs'),
      feeds: need<FeedsApi>('feeds'),
      generators: need<GeneratorsApi>('generators'),
      jams: need<JamsApi>('jams'),
    },
    async start(host, { blobs, feeds, generators, jams }) {
      const { directory, identity } = feeds
      const owner = unpackOwner(identity.id, init.takes)
      await sweepUnpacked(owner).catch((error: unknown) =>
        host.log.warn({ err: error }, 'what a killed engine had unpacked cannot be removed'),
      )
      const logs = new Map<LiveJam, JamLog>()
      const jamLogOf = (jam: LiveJam): JamLog => {
        const known = logs.get(jam)
        if (known) return known
        const { owner, name } = ownedParts(jam.jam)
        const jamLog = new JamLog({
          file: join(init.jams, `${shortIdOf(owner)}:${name}`, 'jam.log'),
          shown: (player) => directory.shown(player),
          grid: () => jam.ledger.grid,
          warn: (error) => host.log.warn({ err: error }, 'jam.log cannot be written'),
        })
        logs.set(jam, jamLog)
        return jamLog
      }
      const sketching: Sketching = new Sketching({
        blobs,
        player: refOf(identity.id),
        sounding: () => stand.soundingSoon(),
        playing: () => stand.playing,
        mute: (playing, instance) => muteOwn(playing, feeds, instance),
      })
      const stand: Stand = new Stand({
        sink: init.sink,
        log: host.log,
        isOver: (jam) => {
          const { end, grid } = jam.ledger
          return end !== undefined && grid.frameOfTick(end.payload.at) <= jams.now(jam)
        },
        session: (jam, sink, heard) => {
          for (const player of feeds.ignored.list()) heard.mixed(muted(player, true, 0))
          return {
            jam,
            sink,
            takes: takesOf(init.takes, jam.jam),
            generators,
            log: host.log,
            jamLog: jamLogOf(jam),
            heard,
            appVersion: init.appVersion,
            owner,
            threads: Math.max(1, Math.min(4, availableParallelism() - 1)),
            startedAt: init.clock.micros(),
            player: identity.id,
            told: (message) => sketching.hear(jam, message),
            sketches: () => sketching.versions(jam),
            peers: () => host.connections().length,
            clockSettled: () => jams.clockSettled(jam),
            zero: () => jams.zero(jam),
          }
        },
      })
      jams.setSounder(async (jam, item) => {
        if (stand.playing?.jam !== jam) {
          const message = stand.playing ? 'another jam sounds on this node' : 'no jam sounds on this node yet'
          return { code: 'NOT_SOUNDING', message }
        }
        return stand.playing.whenDue(item)
      })
      const off = [
        // Whom the owner ignores is not heard: a local act, so the take says so and the score knows nothing of it.
        feeds.onIgnored((player, mute) => {
          const { target, setting } = muted(player, mute, 0)
          stand.playing?.send({ kind: 'mix', target, setting })
        }),
        jams.onCurrent((jam) => {
          sketching.moved(jam)
          stand.show(jam)
        }),
        jams.onChange((jam, change) => stand.observe(jam, change)),
        jams.onZero((jam, zero) => stand.setZero(jam, zero)),
        feeds.store.onChange(({ entries }) => {
          for (const entry of entries) {
            if (typeOf(entry) !== 'public_note') continue
            const named = jamOf(entry)
            const jam = jams.joined().find((joined) => joined.jam === named)
            if (!jam) continue
            const read = readPayload(entry)
            if (read.kind === 'public_note') jamLogOf(jam).said(entry.identity, read.payload.text)
          }
        }),
      ]
      stand.show(jams.current())
      return {
        api: { status: () => stand.status(), sounding: () => stand.playing },
        handlers: handlers(stand, feeds, jams, new Scenes(init.scenes), sketching),
        async stop() {
          for (const stop of off) stop()
          sketching.close()
          await stand.close()
          await Promise.all([...logs.values()].map((log) => log.close()))
        },
      }
    },
  })
}

/** All that a player plays, silent or not in one's own mix. */
const muted = (player: PlayerId, mute: boolean, frame: Frames): MixAct => ({
  frame,
  target: { kind: 'player', player: refOf(player) },
  setting: { mute },
})

function handlers(
  stand: Stand,
  feeds: FeedsApi,
  jams: JamsApi,
  scenes: Scenes,
  sketching: Sketching,
): Handlers<typeof soundContract> {
  return {
    sound: {
      status() {
        const status = stand.status()
        const instances = status.instances.map((one) => ({ ...one, shown: shownPath(one.path, feeds) }))
        return { ...status, instances }
      },
      async finished(_args, { signal }) {
        return stand.finished(signal)
      },
    },
    mix: mixHandlers(stand, feeds, scenes),
    sketch: sketching.handlers,
    tags: tagHandlers(stand, feeds, jams),
  }
}
