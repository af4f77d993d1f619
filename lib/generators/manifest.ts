import { z } from 'zod'
import { type Refusal, fromUtf8Strict, isName, refusal } from '../base/index.ts'
import { pathFault } from './archive/path.ts'

/** The file in an archive that says what it is. */
export const MANIFEST_FILE = 'generator.json'
/** The module that plays a pattern's text, in its archive. */
export const PLAYER_FILE = 'player.wasm'
/** The text of a pattern whose `generator.json` names none. */
const PATTERN_FILE = 'pattern.txt'
/** Parameters that the mix has for every generator (dB, -1 to 1): no generator has its own of these names. */
export const RESERVED_PARAMS: readonly string[] = ['gain', 'pan']

const MAX_PARAMS = 64
const MAX_TAGS = 64
const MAX_MANIFEST_BYTES = 64 * 1024
const NAME_RULE = 'is no name: 1 to 64 of a-z 0-9 . _ - starting with a letter or digit'

const nameText = z.string().refine(isName, NAME_RULE)
/** A line of text for people: no control characters. */
const line = (most: number): z.ZodString =>
  z
    .string()
    .max(most)
    .regex(/^\P{Cc}*$/u, 'holds a control character')
const number = z.number()

const param = z
  .object({ name: nameText, unit: line(16).optional(), min: number, max: number, default: number })
  .refine((p) => !RESERVED_PARAMS.includes(p.name), {
    path: ['name'],
    message: 'is reserved: every generator has gain and pan from the mix',
  })
  .refine((p) => p.min <= p.default && p.default <= p.max, {
    path: ['default'],
    message: 'does not lie from min to max',
  })

const unique = (names: readonly string[]): boolean => new Set(names).size === names.length

const schema = z
  .object({
    name: nameText,
    runtime: z.enum(['wasm', 'process', 'pattern']),
    entry: z
      .string()
      .superRefine((path, context) => {
        const fault = pathFault(path)
        if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
      })
      .optional(),
    /** What a process writes to its standard output; nothing to the other runtimes. */
    format: z.enum(['f32le', 's16le']).optional(),
    about: line(1_000).optional(),
    author: line(200).optional(),
    license: line(100).optional(),
    params: z
      .array(param)
      .max(MAX_PARAMS)
      .refine((params) => unique(params.map((p) => p.name)), 'name one parameter twice')
      .default([]),
    tags: z.array(nameText).max(MAX_TAGS).refine(unique, 'name one tag twice').default([]),
    composer: line(200).optional(),
    track: nameText.optional(),
  })
  .refine((manifest) => manifest.entry !== undefined || manifest.runtime !== 'wasm', {
    path: ['entry'],
    message: 'is missing: name the file in the archive that runs',
  })

/** What `generator.json` says. Parameters in the order of their indices; without an entry a process runs the first executable file. */
export type Manifest = z.infer<typeof schema>
export type Param = Manifest['params'][number]

/**
 * Reads a `generator.json`. Fields it does not know are left out, so that later ones do no harm here. Code:
 * MANIFEST_INVALID, with the path of what is wrong.
 */
export function parseManifest(bytes: Uint8Array): Manifest | Refusal {
  if (bytes.length > MAX_MANIFEST_BYTES) return invalid(`it is longer than ${MAX_MANIFEST_BYTES} bytes`)
  const text = fromUtf8Strict(bytes)
  if (text === undefined) return invalid('it is no UTF-8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return invalid(error instanceof Error ? error.message : 'it is no JSON')
  }
  const result = schema.safeParse(value)
  if (result.success) {
    const { data } = result
    return data.runtime === 'pattern' ? { ...data, entry: data.entry ?? PATTERN_FILE } : data
  }
  const [issue] = result.error.issues
  return invalid(issue ? `${showPath(issue.path)} ${issue.message}` : 'it has the wrong shape')
}

const invalid = (why: string): Refusal => refusal('MANIFEST_INVALID', `${MANIFEST_FILE}: ${why}`)

/** `params[2].name`; `it` for the whole. */
function showPath(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return text === '' ? 'it' : text.replace(/^\./, '')
}
