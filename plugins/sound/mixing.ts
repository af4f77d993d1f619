import { isPlayerRef, MarmaladeError, playerOfRef, refOf } from '../../lib/base/index.ts'
import type { Handlers } from '../../lib/host/index.ts'
import { pathOf } from '../../lib/jam/index.ts'
import { returnNamed, type MixSetting, type MixTarget } from '../../lib/mix/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { LiveJam } from '../jams/index.ts'
import type { soundContract } from './contract.ts'
import { nameOf, PLAIN, type Setting } from './own-mix.ts'
import type { Playing } from './playing.ts'
import type { Scenes } from './scenes.ts'
import type { Stand } from './stand.ts'

/** One's own mix: set, shown, kept as scenes and recalled. */
export function mixHandlers(stand: Stand, feeds: FeedsApi, scenes: Scenes): Handlers<typeof soundContract>['mix'] {
  /** Whom the owner ignores is mute for that reason: no scene says so, and none undoes it. */
  const isIgnored = (target: MixTarget): boolean =>
    target.kind === 'player' && isPlayerRef(target.player) && feeds.ignored.has(playerOfRef(target.player))
  const settingsOf = (playing: Playing): Setting[] =>
    playing.heard.mix.settings().filter(({ target }) => !isIgnored(target))

  return {
    async set({ target: text, gain, pan, mute, solo }) {
      const playing = stand.sounding()
      const target = mixTarget(text, playing.jam, feeds)
      if (target.kind === 'return' && solo !== undefined)
        throw new MarmaladeError('USAGE', 'a return is not soloed: solo what sends to it')
      set(playing, target, {
        ...(gain !== undefined && { gain }),
        ...(pan !== undefined && { pan }),
        ...(mute !== undefined && { mute }),
        ...(solo !== undefined && { solo }),
      })
      return { target: text }
    },
    async settings() {
      return settingsOf(stand.sounding()).map(({ target, setting }) => ({
        target: nameOf(target),
        shown: shownOf(target, feeds),
        ...setting,
      }))
    },
    async nudge({ millis }) {
      stand.sounding().nudge(millis)
      return { millis }
    },
    async save({ name }) {
      const settings = settingsOf(stand.sounding())
      await scenes.save({ name, settings })
      return { name, settings: settings.length }
    },
    async recall({ name }) {
      const scene = await scenes.named(name)
      const playing = stand.sounding()
      const isThere = here(playing.jam)
      const [found, missing] = [scene.settings.filter(isThere), scene.settings.filter((one) => !isThere(one))]
      const kept = new Set(found.map(({ target }) => nameOf(target)))
      const reset = settingsOf(playing).filter(({ target }) => !kept.has(nameOf(target)))
      // What is to be silent is so before anything else is let go: nothing is heard in between that neither mix has.
      for (const { target, setting } of found) set(playing, target, setting)
      for (const { target } of reset) set(playing, target, PLAIN)
      return {
        name,
        settings: found.length,
        reset: reset.length,
        missing: missing.map(({ target }) => shownOf(target, feeds)),
      }
    },
    async scenes() {
      return (await scenes.all()).map(({ name, settings }) => ({ name, settings: settings.length }))
    },
    async forget({ name }) {
      await scenes.forget(name)
      return { name }
    },
  }
}

/** Mutes an own instance and gives what lets it be heard again; undefined where it is mute already. @throws INSTANCE_AMBIGUOUS where nothing is played under it */
export function muteOwn(playing: Playing, feeds: FeedsApi, instance: string): (() => void) | undefined {
  const target = mixTarget(`${feeds.identity.id}:${instance}`, playing.jam, feeds)
  const before = playing.heard.mix.settings().find((one) => nameOf(one.target) === nameOf(target))
  if (before?.setting.mute) return undefined
  set(playing, target, { mute: true })
  return () => set(playing, target, { mute: false })
}

function set(playing: Playing, target: MixTarget, setting: MixSetting): void {
  playing.heard.mix.asked(target, setting)
  playing.send({ kind: 'mix', target, setting })
}

/** Whether what a scene sets is played in a jam; tracks, players and returns are there whenever they are. */
function here({ ledger }: LiveJam): (one: Setting) => boolean {
  const plays = [...ledger.items()].filter((item) => item.kind === 'play')
  const paths = new Set<string>(plays.map(pathOf))
  return ({ target }) => target.kind !== 'instance' || paths.has(target.path)
}

/** As the commands take it: `ada:drums`, `track:bass`, `player:ada`, `return:room`. */
function shownOf(target: MixTarget, feeds: FeedsApi): string {
  if (target.kind === 'player') return `player:${shownRef(target.player, feeds)}`
  return target.kind === 'instance' ? shownPath(target.path, feeds) : nameOf(target)
}

/** An instance's path as the commands take it: `ada:drums`. */
export function shownPath(path: string, feeds: FeedsApi): string {
  const [ref = '', , instance = ''] = path.split('/')
  return `${shownRef(ref, feeds)}:${instance}`
}

const shownRef = (ref: string, { directory }: FeedsApi): string =>
  isPlayerRef(ref) ? directory.shown(playerOfRef(ref)) : ref

/** @throws INSTANCE_AMBIGUOUS, PLAYER_UNKNOWN, PLAYER_AMBIGUOUS; USAGE for a return that is none */
function mixTarget(text: string, jam: LiveJam, feeds: FeedsApi): MixTarget {
  const { directory } = feeds
  const returned = returnNamed(text)
  if (returned) return returned
  if (text.startsWith('track:')) return { kind: 'track', track: text.slice(6) }
  if (text.startsWith('player:')) return { kind: 'player', player: refOf(directory.resolve(text.slice(7))) }
  const colon = text.lastIndexOf(':')
  const player = colon > 0 ? directory.resolve(text.slice(0, colon)) : undefined
  const instance = text.slice(colon + 1)
  const plays = [...jam.ledger.items()].filter((item) => item.kind === 'play')
  const found = plays.filter(
    (play) =>
      play.payload.instance === instance &&
      (player === undefined || play.identity === player) &&
      jam.ledger.refuse(play) === undefined,
  )
  const [play, ...others] = found
  if (!play || others.length > 0) {
    const how = play ? 'is played by several: say whose, as in ada:drums' : 'is not played in this jam: see `jam show`'
    throw new MarmaladeError('INSTANCE_AMBIGUOUS', `${text} ${how}`)
  }
  return { kind: 'instance', path: pathOf(play) }
}
