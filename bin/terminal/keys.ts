import { emitKeypressEvents } from 'node:readline'

/** A key that was pressed, or text that was pasted. */
export interface Key {
  /** A character itself (`q`, `+`, ` `), or `up`, `enter`, `escape`, `backspace`, `pageup`, `ctrl-u`, `paste`, … */
  readonly name: string
  /** What it types: empty for keys that type nothing. */
  readonly text: string
}

/** As Node's readline tells it. */
interface Pressed {
  readonly name?: string
  readonly ctrl?: boolean
  readonly meta?: boolean
  readonly sequence?: string
}

/** Of pasted text no more is taken. */
const MAX_PASTED = 4_096

/** Tells of keys until what is given is called. Node's own parser knows the sequences of terminals. */
export function listenToKeys(input: NodeJS.ReadableStream, onKey: (key: Key) => void): () => void {
  let pasted: string | undefined
  const press = (text: string | undefined, key: Pressed): void => {
    if (key.name === 'paste-start') {
      pasted = ''
    } else if (key.name === 'paste-end') {
      if (pasted) onKey({ name: 'paste', text: pasted })
      pasted = undefined
    } else if (pasted !== undefined) {
      pasted = (pasted + (text ?? '')).slice(0, MAX_PASTED)
    } else {
      const named = keyOf(text, key)
      if (named) onKey(named)
    }
  }
  emitKeypressEvents(input)
  input.on('keypress', press)
  return () => input.off('keypress', press)
}

function keyOf(text: string | undefined, { name, ctrl, meta }: Pressed): Key | undefined {
  if (text !== undefined && !ctrl && !meta && /^[^\p{Cc}\p{Cs}]+$/u.test(text)) return { name: text, text }
  if (name === undefined) return undefined
  const known = name === 'return' ? 'enter' : name
  return { name: `${ctrl ? 'ctrl-' : ''}${meta && name !== 'escape' ? 'alt-' : ''}${known}`, text: '' }
}
