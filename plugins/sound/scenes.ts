import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { MarmaladeError, type Name } from '../../lib/base/index.ts'
import { replaceFile } from '../../lib/base/node/replace.ts'
import { ids } from '../../lib/host/index.ts'
import type { MixTarget } from '../../lib/mix/index.ts'
import type { Setting } from './own-mix.ts'

export const MAX_SCENES = 64
const MAX_SETTINGS = 256
/** A file that is larger was written by somebody else. */
const MAX_BYTES = 8 * 1024 * 1024

const text = z.string().min(1).max(200)
const target = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('instance'), path: text }),
  z.strictObject({ kind: z.literal('track'), track: text }),
  z.strictObject({ kind: z.literal('player'), player: text }),
  z.strictObject({ kind: z.literal('return'), bus: z.enum(['room', 'echo']) }),
])
const setting = z.strictObject({
  gain: z.number().min(-200).max(40),
  pan: z.number().min(-1).max(1),
  mute: z.boolean(),
  solo: z.boolean(),
})
const scene = z.strictObject({
  name: ids.name,
  settings: z.array(z.strictObject({ target, setting })).max(MAX_SETTINGS),
})
const file = z.strictObject({ scenes: z.array(scene).max(MAX_SCENES) })

/** One's own mix under a name: targets that it does not name are plain in it. */
export interface Scene {
  readonly name: Name
  readonly settings: readonly Setting[]
}

/** The scenes of a home, in the order in which they were saved first: a file, written whole, read when it is first asked for. */
export class Scenes {
  readonly #file: string
  #scenes: Promise<readonly Scene[]> | undefined
  #writing: Promise<unknown> = Promise.resolve()

  constructor(file: string) {
    this.#file = file
  }

  /** @throws CONFIG_INVALID where the file is none of scenes */
  all(): Promise<readonly Scene[]> {
    return (this.#scenes ??= read(this.#file).catch((error: unknown) => {
      // It may be mended by the next time.
      this.#scenes = undefined
      throw error
    }))
  }

  /** @throws SCENE_UNKNOWN, CONFIG_INVALID */
  async named(name: Name): Promise<Scene> {
    const found = (await this.all()).find((known) => known.name === name)
    if (!found) throw unknown(name)
    return found
  }

  /** Keeps a scene in place of the one of its name. @throws SCENES_FULL, CONFIG_INVALID */
  save(saved: Scene): Promise<void> {
    if (saved.settings.length > MAX_SETTINGS)
      throw new MarmaladeError(
        'SCENES_FULL',
        `a scene has at most ${MAX_SETTINGS} settings: reset what you do not need`,
      )
    return this.#change((scenes) => {
      if (scenes.some(({ name }) => name === saved.name))
        return scenes.map((known) => (known.name === saved.name ? saved : known))
      if (scenes.length >= MAX_SCENES)
        throw new MarmaladeError(
          'SCENES_FULL',
          `${MAX_SCENES} scenes are kept already: \`mix forget\` one of \`mix scenes\``,
        )
      return [...scenes, saved]
    })
  }

  /** @throws SCENE_UNKNOWN, CONFIG_INVALID */
  forget(name: Name): Promise<void> {
    return this.#change((scenes) => {
      if (!scenes.some((known) => known.name === name)) throw unknown(name)
      return scenes.filter((known) => known.name !== name)
    })
  }

  /** One after the other: what is remembered is what is on disk. */
  #change(change: (scenes: readonly Scene[]) => readonly Scene[]): Promise<void> {
    const changed = this.#writing.then(async () => {
      const scenes = change(await this.all())
      await replaceFile(this.#file, `${JSON.stringify({ scenes }, null, 1)}\n`)
      this.#scenes = Promise.resolve(scenes)
    })
    this.#writing = changed.catch(() => undefined)
    return changed
  }
}

async function read(path: string): Promise<readonly Scene[]> {
  let written: string
  try {
    written = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  if (written.length > MAX_BYTES) throw invalid(path)
  try {
    // Paths were checked when they were saved; one that nobody plays is passed over.
    return file.parse(JSON.parse(written)).scenes.map(({ name, settings }) => ({
      name,
      settings: settings.map((one) => ({ ...one, target: one.target as MixTarget })),
    }))
  } catch (cause) {
    throw invalid(path, cause)
  }
}

const invalid = (path: string, cause?: unknown): MarmaladeError =>
  new MarmaladeError('CONFIG_INVALID', `${path} is no file of scenes: mend it or take it away`, { cause })

const unknown = (name: string): MarmaladeError =>
  new MarmaladeError('SCENE_UNKNOWN', `no scene is called ${name}: see \`mix scenes\``)
