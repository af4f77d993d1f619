import { z } from 'zod'
import { isName } from '../../base/index.ts'

const name = z.string().refine(isName, 'is no name')
const value = z.union([z.number(), z.string().max(1_024)])
const path = z.string().min(1).max(256)
const beat = z.number().optional()

const said = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tag'), name, value, atBeat: beat }),
  z.object({ kind: z.literal('watch'), path }),
  z.object({
    kind: z.literal('note'),
    name,
    pitch: z.number(),
    velocity: z.number().min(0).max(1),
    beats: z.number().min(0),
    atBeat: beat,
  }),
  z.object({ kind: z.literal('log'), text: z.string() }),
  /** After `stop` it plays on, up to 8 s: else it is faded there. */
  z.object({ kind: z.literal('tail') }),
  /** From now on it is told everything as JSON. */
  z.object({ kind: z.literal('json') }),
])
/** What a process says on descriptor 3. */
export type Said = z.infer<typeof said>

/** One line of a process, plain words or JSON; text that says what is wrong with it where it is neither. */
export function parseSaid(line: string): Said | string {
  const result = said.safeParse(line.startsWith('{') ? json(line) : plain(line))
  return result.success ? result.data : `it said what nobody understands: ${line.slice(0, 80)}`
}

function json(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function plain(line: string): unknown {
  const space = line.indexOf(' ')
  const kind = space < 0 ? line : line.slice(0, space)
  const rest = space < 0 ? '' : line.slice(space + 1).trim()
  const words = wordsOf(rest)
  switch (kind) {
    case 'tag':
      return { kind, name: words[0], value: words[1], ...at(words, 2) }
    case 'watch':
      return { kind, path: rest }
    case 'note':
      return { kind, name: words[0], pitch: words[1], velocity: words[2], beats: words[3], ...at(words, 4) }
    case 'log':
      return { kind, text: rest }
    case 'json':
    case 'tail':
      return { kind }
    default:
      return undefined
  }
}

/** Words between spaces; in quotes, as in JSON, a word may hold spaces and is never a number. */
const wordsOf = (text: string): (number | string)[] =>
  [...text.matchAll(/"(?:[^"\\]|\\.)*"|\S+/g)].map(([word]) => {
    if (word.startsWith('"')) return String(json(word))
    return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word) ? Number(word) : word
  })

const at = (words: readonly (number | string)[], index: number): object =>
  words.length > index ? { atBeat: words[index] } : {}

/** What a process is told on descriptor 3. */
export type Told =
  /** The beat begins at a frame of its own count; told ahead, and again where the tempo changes. */
  | { readonly kind: 'beat'; readonly beat: number; readonly frame: number }
  | { readonly kind: 'tempo'; readonly bpm: number }
  | { readonly kind: 'tag'; readonly path: string; readonly value: number | string }
  /** A note that it watches begins at a frame of its own count. */
  | {
      readonly kind: 'note'
      readonly path: string
      readonly pitch: number
      readonly velocity: number
      readonly beats: number
      readonly frame: number
    }
  | { readonly kind: 'param'; readonly name: string; readonly value: number }
  | { readonly kind: 'stop' }

/** A text that is one word and no number stands as it is, any other in quotes. */
const shown = (value: number | string): string =>
  typeof value === 'number' || /^[a-z_][^\s"]*$/i.test(value) ? String(value) : JSON.stringify(value)

/** One line in plain words. */
export function plainLine(told: Told): string {
  switch (told.kind) {
    case 'beat':
      return `beat ${told.beat} ${told.frame}`
    case 'tempo':
      return `tempo ${told.bpm}`
    case 'tag':
      return `tag ${told.path} ${shown(told.value)}`
    case 'note':
      return `note ${told.path} ${told.pitch} ${told.velocity} ${told.beats} ${told.frame}`
    case 'param':
      return `param ${told.name} ${told.value}`
    case 'stop':
      return 'stop'
  }
}
