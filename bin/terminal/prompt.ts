import { charactersOf, columnsOf, styled, type Line } from './text.ts'
import type { Key } from './keys.ts'
import { plain } from '../cli/words.ts'

/** One line that a person types, with the keys that shells have for it. */
export class Prompt {
  readonly #label: string
  readonly #most: number
  #typed: string[]
  /** Characters before the cursor. */
  #at: number

  /** @param most characters that it takes */
  constructor(label: string, most = 500, typed = '') {
    this.#label = label
    this.#most = most
    this.#typed = charactersOf(plain(typed)).slice(0, most)
    this.#at = this.#typed.length
  }

  get text(): string {
    return this.#typed.join('')
  }

  /** Takes a key: `done` with enter, `cancelled` with escape. */
  press({ name, text }: Key): 'editing' | 'done' | 'cancelled' {
    if (name === 'enter') return 'done'
    if (name === 'escape' || name === 'ctrl-g') return 'cancelled'
    if (text) this.#insert(text)
    else this.#edit(name)
    return 'editing'
  }

  /** What is seen of it on so many columns, and in which the cursor stands. */
  view(columns: number): { readonly line: Line; readonly column: number } {
    const start = columnsOf(this.#label)
    const room = Math.max(1, columns - start - 1)
    let first = 0
    while (columnsOf(this.#typed.slice(first, this.#at).join('')) > room) first++
    const before = this.#typed.slice(first, this.#at).join('')
    const line = [styled(this.#label, 'bold'), before + this.#typed.slice(this.#at).join('')]
    return { line, column: Math.min(columns - 1, start + columnsOf(before)) }
  }

  #insert(text: string): void {
    const room = this.#most - this.#typed.length
    const added = charactersOf(plain(text)).slice(0, Math.max(0, room))
    this.#typed.splice(this.#at, 0, ...added)
    this.#at += added.length
  }

  #edit(name: string): void {
    switch (name) {
      case 'left':
      case 'ctrl-b':
        this.#at = Math.max(0, this.#at - 1)
        return
      case 'right':
      case 'ctrl-f':
        this.#at = Math.min(this.#typed.length, this.#at + 1)
        return
      case 'home':
      case 'ctrl-a':
        this.#at = 0
        return
      case 'end':
      case 'ctrl-e':
        this.#at = this.#typed.length
        return
      case 'backspace':
      case 'ctrl-h':
        if (this.#at > 0) this.#typed.splice(--this.#at, 1)
        return
      case 'delete':
        this.#typed.splice(this.#at, 1)
        return
      case 'ctrl-u':
        this.#typed.splice(0, this.#at)
        this.#at = 0
        return
      case 'ctrl-k':
        this.#typed.length = this.#at
        return
      case 'ctrl-w': {
        const kept = this.#typed
          .slice(0, this.#at)
          .join('')
          .replace(/\S+\s*$/u, '')
        const rest = this.#typed.slice(this.#at)
        this.#typed = [...charactersOf(kept), ...rest]
        this.#at = this.#typed.length - rest.length
      }
    }
  }
}
