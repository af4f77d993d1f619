import type { Refusal } from '../base/index.ts'
import { pathText, type Credits } from './credits-schema.ts'
import type { Sources } from './credits.ts'

/** Where credits say what is not so; the path leads to the field, as `sounds[2].archive`. */
export interface CreditFault extends Refusal {
  readonly path: string
}

export const creditFault = (path: readonly PropertyKey[] | string, message: string): CreditFault => ({
  code: 'CREDITS_FALSE',
  path: typeof path === 'string' ? path : pathText(path),
  message,
})

/** Fields that no one but who wrote them can know. */
const OWN: ReadonlySet<string> = new Set(['program', 'heads', 'sounds'])

/** What credits say otherwise than those of the same render made anew. Heads are checked where feeds are read. */
export function differingCredits(said: Credits, found: Credits): CreditFault[] {
  const plain = (credits: Credits): object =>
    Object.fromEntries(Object.entries(credits).filter(([field]) => !OWN.has(field)))
  return [...differing(plain(said), plain(found), []), ...differingSounds(said.sounds, found.sounds)]
}

function* differingSounds(said: Credits['sounds'], found: Credits['sounds']): Generator<CreditFault> {
  const left = new Map(found.map((sound) => [sound.play, sound]))
  for (const [at, sound] of said.entries()) {
    const same = left.get(sound.play)
    left.delete(sound.play)
    if (same) yield* differing(sound, same, ['sounds', at])
    else yield creditFault(['sounds', at, 'play'], `${sound.play} does not sound there, or stands twice`)
  }
  for (const { play, instance } of left.values())
    yield creditFault('sounds', `${instance} is left out, which ${play} plays`)
}

/**
 * Of each sound what can be told without rendering: all but its frames.
 * @returns what is not as the entries say
 */
export function falseSounds({ sounds }: Credits, sources: Sources): CreditFault[] {
  const seen = new Set<string>()
  return sounds.flatMap((said, at) => {
    const found = sources.credit(said.play, said.from.frame, said.to.frame)
    const twice = seen.has(said.play)
    seen.add(said.play)
    if (twice) return [creditFault(['sounds', at, 'play'], `${said.play} stands twice`)]
    if (found) return [...differing(said, found, ['sounds', at])]
    const message = `no entry ${said.play} of the jam is here that is signed and plays what was published`
    return [creditFault(['sounds', at, 'play'], message)]
  })
}

function* differing(said: unknown, found: unknown, path: readonly PropertyKey[]): Generator<CreditFault> {
  if (isRecord(said) && isRecord(found)) {
    for (const key of new Set([...Object.keys(said), ...Object.keys(found)]))
      yield* differing(said[key], found[key], [...path, key])
    return
  }
  const [a, b] = [textOf(said), textOf(found)]
  if (a !== b) yield creditFault(path, `it says ${a}, and what is here says ${b}`)
}

const textOf = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value))

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
