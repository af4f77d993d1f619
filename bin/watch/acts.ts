import { isName, MarmaladeError, name as checkedName, type Name } from '../../lib/base/index.ts'
import type { Remote } from '../../lib/host/index.ts'
import type { jamsContract, Performed } from '../../plugins/jams/index.ts'
import type { soundContract } from '../../plugins/sound/index.ts'
import type { WatchedInstance } from '../../plugins/watch/index.ts'
import { settingOf } from '../cli/context.ts'
import { heardBy } from '../cli/hearing.ts'
import { recalledWords, settingsWords } from '../cli/mix-words.ts'
import { PLAIN, type Model, type Setting } from './model.ts'
import type { Target } from './pick.ts'

interface Init {
  readonly model: Model
  readonly jams: Remote<typeof jamsContract>
  readonly sound: Remote<typeof soundContract>
  /** The jam that was asked for, as commands take it. */
  readonly jam: string | undefined
}

/** What keys do, through the same calls as the commands; each gives the words that say what came of it. */
export class Acts {
  readonly #init: Init
  readonly #jam: { readonly jam?: string }

  constructor(init: Init) {
    this.#init = init
    this.#jam = init.jam === undefined ? {} : { jam: init.jam }
  }

  mute(target: Target | undefined): Promise<string> {
    return this.#set(target, ({ mute }) => ({ mute: !mute }))
  }

  solo(target: Target | undefined): Promise<string> {
    return this.#set(target, ({ solo }) => ({ solo: !solo }))
  }

  gain(target: Target | undefined, by: number): Promise<string> {
    return this.#set(target, ({ gain }) => ({ gain: Math.max(-200, Math.min(40, gain + by)) }))
  }

  pan(target: Target | undefined, by: number): Promise<string> {
    return this.#set(target, ({ pan }) => ({ pan: Math.max(-1, Math.min(1, Math.round((pan + by) * 10) / 10)) }))
  }

  plain(target: Target | undefined): Promise<string> {
    return this.#set(target, () => PLAIN)
  }

  async stop(instance: WatchedInstance | undefined): Promise<string> {
    if (!instance) throw nothingChosen()
    if (!instance.own)
      throw new MarmaladeError(
        'INSTANCE_UNKNOWN',
        `${instance.name} is ${instance.shown}'s to stop: m mutes it for you`,
      )
    const done = await this.#init.jams.perform.stop({ ...this.#jam, instance: instance.name })
    return `${instance.name} stops: ${this.#heard(done)}`
  }

  /** @param text as `drums`, `drums as d2 on 4bars level=0.5` */
  async play(text: string): Promise<string> {
    const { generator, as, on, params } = parsePlay(text)
    const done = await this.#init.jams.perform.play({
      ...this.#jam,
      generator,
      ...(as !== undefined && { as }),
      ...(on !== undefined && { on }),
      ...(Object.keys(params).length > 0 && { params }),
    })
    return `${done.instance}: ${this.#heard(done)}`
  }

  async say(text: string): Promise<string> {
    await this.#init.jams.perform.say({ ...this.#jam, text })
    return 'said'
  }

  async context(value: string): Promise<string> {
    const done = await this.#init.jams.perform.tag({ ...this.#jam, name: 'context', value })
    return `context ${value}: ${this.#heard(done)}`
  }

  async save(text: string): Promise<string> {
    const saved = await this.#init.sound.mix.save({ name: sceneName(text) })
    return `${saved.name} is kept: ${settingsWords(saved.settings)}`
  }

  /** @param number counted from 1, in the order of `mix scenes` */
  async recall(number: number): Promise<string> {
    const scene = (await this.#init.sound.mix.scenes())[number - 1]
    if (!scene) throw new MarmaladeError('SCENE_UNKNOWN', `there is no scene ${number}: S saves one`)
    const recalled = await this.#init.sound.mix.recall({ name: scene.name })
    this.#init.model.disbelieve()
    return recalledWords(recalled)
  }

  async #set(target: Target | undefined, change: (now: Setting) => Partial<Setting>): Promise<string> {
    const { model, sound } = this.#init
    if (!target) throw nothingChosen()
    const setting = change(model.setting(target.name))
    model.believe(target.name, setting)
    try {
      await sound.mix.set({ target: target.text, ...setting })
    } catch (error) {
      model.disbelieve()
      throw error
    }
    return wordsOf(target, setting)
  }

  #heard({ hears, place }: Performed): string {
    for (const hearing of hears) this.#init.model.hears.set(hearing.player, hearing)
    return heardBy(hears, place.bar)
  }
}

const nothingChosen = (): MarmaladeError =>
  new MarmaladeError('USAGE', 'nothing of that kind is chosen: up and down choose, tab says what is meant')

function wordsOf({ shown }: Target, setting: Partial<Setting>): string {
  const { gain, pan, mute, solo } = setting
  if (Object.keys(setting).length > 1) return `${shown}: as if nothing were set`
  if (gain !== undefined) return `${shown}: ${gain > 0 ? '+' : ''}${gain} dB`
  if (pan !== undefined) return `${shown}: pan ${pan}`
  if (mute !== undefined) return `${shown}: mute ${mute ? 'on' : 'off'}`
  return `${shown}: solo ${solo ? 'on' : 'off'}`
}

/** @throws NAME_INVALID */
function sceneName(text: string): Name {
  const name = text.trim()
  return isName(name) ? name : checkedName(name)
}

/** @throws USAGE */
export function parsePlay(text: string): {
  readonly generator: string
  readonly as: string | undefined
  readonly on: string | undefined
  readonly params: Record<string, number>
} {
  const [generator, ...words] = text.trim().split(/\s+/u)
  if (generator === undefined || generator === '') throw new MarmaladeError('USAGE', 'say which generator to play')
  let as: string | undefined
  let on: string | undefined
  const params: Record<string, number> = {}
  for (let at = 0; at < words.length; at++) {
    const word = (words[at] ?? '').replace(/^--/, '')
    if (word === 'as') as = words[++at]
    else if (word === 'on') on = words[++at]
    else if (word.includes('=')) {
      const [name, value] = settingOf(word)
      params[name] = value
    } else throw new MarmaladeError('USAGE', `write it as \`drums as d2 on 4bars level=0.5\`: ${word} is none of that`)
  }
  return { generator, as, on, params }
}
