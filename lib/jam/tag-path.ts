import { isName, isPlayerRef } from '../base/index.ts'
import type { PlayerRef } from '../base/index.ts'

/** The longest path or glob: a player, and four more parts of at most 64, one of them `note`. */
export const MAX_PATH = 260
const SHORT_ID = /^[A-Za-z0-9+_]{8}$/
const ROOTS = new Set(['jam', 'local', 'net'])
/** What stands before the name of a note. */
export const NOTE = 'note'

/** The player a short id stands for; undefined unless it is one member's alone. */
export type ResolveShort = (short: string) => PlayerRef | undefined

/** A path or glob taken apart (ENGINE-1 section 3). */
export type TagPattern =
  /** `<name>`: the newest by anybody. */
  | { readonly kind: 'name'; readonly name: string }
  /** `jam/…`, `local/…`, `net/…`: one path. */
  | { readonly kind: 'exact'; readonly path: string }
  /** `<player>/<name>`, `<player>/<generator>/<instance>/<name>` or, of notes, `<player>/<generator>/<instance>/note/<name>`; null for `*`. */
  | { readonly kind: 'parts'; readonly parts: readonly (string | null)[] }

/** Undefined where the text is no path or glob. */
export function parsePattern(text: string): TagPattern | undefined {
  if (text.length > MAX_PATH) return undefined
  const parts = text.split('/')
  const [first = ''] = parts
  if (parts.length === 1) return isName(first) ? { kind: 'name', name: first } : undefined
  if (ROOTS.has(first)) {
    const named = parts.length <= 4 && parts.slice(1).every((part) => isName(part))
    return named ? { kind: 'exact', path: text } : undefined
  }
  if (!parts.slice(1).every((part) => part === '*' || isName(part))) return undefined
  const wanted = parts.map((part) => (part === '*' ? null : part))
  // `note/<name>`: anybody's.
  if (first === NOTE && parts.length === 2) return { kind: 'parts', parts: [null, null, null, ...wanted] }
  if (first !== '*' && !isPlayerRef(first) && !SHORT_ID.test(first)) return undefined
  const placed = parts.length === 2 || parts.length === 4 || (parts.length === NOTE_PARTS && parts[3] === NOTE)
  return placed ? { kind: 'parts', parts: wanted } : undefined
}

/** Whether a path is of readings of the machine or the network that a generator plays on: no score has any. */
export const isAmbient = (path: string): boolean => path.startsWith('local/') || path.startsWith('net/')

/** Parts of a note's path, which has one more than a tag's. */
const NOTE_PARTS = 5
export const findsNotes = (pattern: TagPattern): boolean =>
  pattern.kind === 'parts' && pattern.parts.length === NOTE_PARTS

/** The last part of every path that a pattern finds; undefined where that may be anything. */
export function nameIn(pattern: TagPattern): string | undefined {
  if (pattern.kind === 'name') return pattern.name
  return (pattern.kind === 'exact' ? pattern.path.split('/') : pattern.parts).at(-1) ?? undefined
}

/** The short id in a pattern. */
export const shortIn = (pattern: TagPattern): string | undefined =>
  pattern.kind === 'parts' && SHORT_ID.test(pattern.parts[0] ?? '') ? (pattern.parts[0] ?? undefined) : undefined

/** The same for patterns that are written alike. */
export function keyOf(pattern: TagPattern): string {
  if (pattern.kind === 'name') return pattern.name
  return pattern.kind === 'exact' ? pattern.path : pattern.parts.map((part) => part ?? '*').join('/')
}

/** The keys of all patterns that find a path, given in its parts. @param shorts short ids that mean its player */
export function keysFinding(parts: readonly string[], shorts: readonly string[]): readonly string[] {
  const [player, ...rest] = parts
  if (!isPlayerRef(player)) return [parts.join('/')]
  const isNote = parts.length === NOTE_PARTS
  let ends = ['']
  for (const [index, part] of rest.entries()) {
    const ways = isNote && index === NOTE_PARTS - 3 ? [part] : [part, '*']
    ends = ends.flatMap((end) => ways.map((way) => `${end}/${way}`))
  }
  const keys = [player, '*', ...shorts].flatMap((first) => ends.map((end) => first + end))
  return isNote ? keys : [...keys, rest.at(-1) ?? '']
}

/** Whether a pattern finds a path, given in its parts. */
export function matches(pattern: TagPattern, parts: readonly string[], resolve: ResolveShort): boolean {
  switch (pattern.kind) {
    case 'exact':
      return pattern.path === parts.join('/')
    case 'name':
      return parts.at(-1) === pattern.name && parts.length < NOTE_PARTS && isPlayerRef(parts[0])
    case 'parts':
      return (
        parts.length === pattern.parts.length &&
        isPlayerRef(parts[0]) &&
        pattern.parts.every((wanted, index) => {
          const part = parts[index]
          if (wanted === null || wanted === part) return true
          return index === 0 && SHORT_ID.test(wanted) && resolve(wanted) === part
        })
      )
  }
}
