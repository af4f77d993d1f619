import { type Refusal, fromUtf8, refusal, SAMPLE_RATE } from '../base/index.ts'
import type { ArchiveFile } from './archive/limits.ts'
import { NO_TAGS } from './no-tags.ts'
import type { PreparedWasm } from './prepare.ts'
import { createWasmVoice } from './runtime.ts'

/** What a player says of a text that it cannot play: where, counted from 1, and what to write instead. */
const FAULT = /^(\d+):(\d+): (.+)$/

/**
 * Why a pattern would not start, found out by starting it: its player alone knows its language. Code: PATTERN_TEXT with
 * the place and the line where the text is at fault, else those of an instance that fails.
 */
export function patternFault(prepared: PreparedWasm, text: ArchiveFile): Refusal | undefined {
  const lines: string[] = []
  // It may open what it follows: nobody has set it yet.
  const tags = { ...NO_TAGS, open: () => 0, log: (line: string) => lines.push(line) }
  const voice = createWasmVoice(prepared, { seed: [0, 0], sampleRate: SAMPLE_RATE, tags })
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
