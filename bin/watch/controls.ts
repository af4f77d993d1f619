import { Prompt, type Key } from '../terminal/index.ts'
import type { Acts } from './acts.ts'
import type { Model } from './model.ts'
import { Pick } from './pick.ts'
import type { Ui } from './view.ts'

/** What a key came to is shown for so long. */
const MESSAGE_MILLIS = 6_000
/** Keys that wait for the node; of more the newest are dropped. */
const MAX_WAITING = 32

interface Init {
  readonly model: Model
  readonly pick: Pick
  readonly acts: Acts
  readonly quit: () => void
  /** Something that is shown is another now. */
  readonly changed: () => void
}

/** What a person has on the screen, and what keys make of it. */
export class Controls implements Ui {
  readonly pick: Pick
  view: Ui['view'] = 'jam'
  message: Ui['message']
  prompt: Prompt | undefined
  readonly #init: Init
  #done: ((text: string) => Promise<string>) | undefined
  #last: Promise<void> = Promise.resolve()
  #waiting = 0
  #timer: NodeJS.Timeout | undefined

  constructor(init: Init) {
    this.#init = init
    this.pick = init.pick
  }

  press(key: Key): void {
    if (this.prompt) this.#type(this.prompt, key)
    else if (this.view === 'help' && key.name !== 'q') this.view = 'jam'
    else this.#key(key.name)
    this.#init.changed()
  }

  /** Something to read for a while. */
  say(text: string, bad = false): void {
    clearTimeout(this.#timer)
    this.message = { text, bad }
    this.#timer = setTimeout(() => {
      this.message = undefined
      this.#init.changed()
    }, MESSAGE_MILLIS)
    this.#init.changed()
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #type(prompt: Prompt, key: Key): void {
    const state = prompt.press(key)
    if (state === 'editing') return
    const done = this.#done
    this.prompt = undefined
    const text = prompt.text.trim()
    if (state === 'done' && done && text !== '') this.#act(() => done(text))
  }

  #key(name: string): void {
    const { model, acts, quit } = this.#init
    const faders = this.view === 'faders'
    const target = this.pick.target(model)
    switch (name) {
      case 'q':
        quit()
        return
      case '?':
        this.view = 'help'
        return
      case 'f':
        this.view = faders ? 'jam' : 'faders'
        return
      case 'escape':
        this.view = 'jam'
        return
      case 'tab':
        this.pick.turn()
        return
      case 'up':
      case 'k':
        if (faders) this.#act(() => acts.gain(target, 1))
        else this.pick.step(model, -1)
        return
      case 'down':
      case 'j':
        if (faders) this.#act(() => acts.gain(target, -1))
        else this.pick.step(model, 1)
        return
      case 'left':
      case 'h':
        if (faders) this.pick.step(model, -1)
        return
      case 'right':
      case 'l':
        if (faders) this.pick.step(model, 1)
        return
      default:
        this.#actOf(name)
    }
  }

  #actOf(name: string): void {
    const { acts, model } = this.#init
    // What is meant is what is chosen now, however long keys before this one take.
    const target = this.pick.target(model)
    const instance = this.pick.instance(model)
    if (/^[1-9]$/.test(name)) this.#act(() => acts.recall(Number(name)))
    switch (name) {
      case 'm':
        this.#act(() => acts.mute(target))
        return
      case 's':
        this.#act(() => acts.solo(target))
        return
      case '+':
      case '=':
        this.#act(() => acts.gain(target, 1))
        return
      case '-':
        this.#act(() => acts.gain(target, -1))
        return
      case '<':
        this.#act(() => acts.pan(target, -0.1))
        return
      case '>':
        this.#act(() => acts.pan(target, 0.1))
        return
      case '0':
        this.#act(() => acts.plain(target))
        return
      case 'x':
        this.#act(() => acts.stop(instance))
        return
      case 'p':
        this.#ask(' play ', (text) => acts.play(text))
        return
      case 't':
        this.#ask(' say ', (text) => acts.say(text))
        return
      case 'c':
        this.#ask(' context ', (text) => acts.context(text))
        return
      case 'S':
        this.#ask(' save the mix as ', (text) => acts.save(text))
    }
  }

  #ask(label: string, done: (text: string) => Promise<string>): void {
    this.prompt = new Prompt(label)
    this.#done = done
  }

  /** One after the other, in the order of the keys. */
  #act(act: () => Promise<string>): void {
    if (this.#waiting >= MAX_WAITING) return
    this.#waiting++
    this.#last = this.#last
      .then(act)
      .then((text) => this.say(text))
      .catch((error: unknown) => this.say(error instanceof Error ? error.message : String(error), true))
      .finally(() => this.#waiting--)
  }
}
