import { type Refusal, fromUtf8, refusal, SAMPLE_RATE } from '../base/index.ts'
import type { ArchiveFile } from './archive/limits.ts'
import type { PreparedWasm } from './prepare.ts'
import { createWasmVoice } from './runtime.ts'
import type { TagAccess } from './types.ts'

/** What a player says of a text that it cannot play: where, counted from 1, and what to write instead. */
const FAULT = /^(\d+):(\d+): (.+)$/

/** A jam in which nobody has set anything, that remembers the log. */
const quiet = (lines: string[]): TagAccess => ({
  open: () => 0,
  get: () => NaN,
  text: () => undefined,
  points: () => 0,
  frame: () => NaN,
  value: () => NaN,
  valueAt: () => NaN,
  watch: () => undefined,
  tell: () => undefined,
  set: () => undefined,
  note: () => undefined,
  log: (line) => lines.push(line),
})

/**
 * Why a pattern would not start, found out by starting it: its player alone knows its language. Code: PATTERN_TEXT with
 * the place and the line where the text is at fault, else those of an instance that fails.
 */
export function patternFault(prepared: PreparedWasm, text: ArchiveFile): Refusal | undefined {
  const lines: string[] = []
  const voice = createWasmVoice(prepared, { seed: [0, 0], sampleRate: SAMPLE_RATE, tags: quiet(lines) })
  const { failure } = voice
  voice.close()
  if (!failure) return undefined
  const [, line = '', column = '', what] = lines.map((said) => FAULT.exec(said)).find((found) => found !== null) ?? []
  if (what === undefined)
    return refusal(failure.code, [`the player of ${text.path}: ${failure.message}`, ...lines].join('; '))
  const shown = fromUtf8(text.bytes).split(/\r?\n/)[Number(line) - 1] ?? ''
  const caret = `${shown.slice(0, Number(column) - 1).replace(/[^\t]/g, ' ')}^`
  return refusal('PATTERN_TEXT', [`${text.path}:${line}:${column}: ${what}`, shown, caret].join('\n'))
}
