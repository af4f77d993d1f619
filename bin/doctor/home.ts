import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { readSecret } from '../../lib/keys/index.ts'
import { bytes } from '../cli/words.ts'
import { messageOf, type Finding, type Patient } from './finding.ts'

/** With less a node soon stops; with less than the second it may within weeks. */
const LEAST_ROOM = 64 * 1024 ** 2
const GOOD_ROOM = 1024 ** 3

/** The folder, its settings, its secret, and the disk that it is on. Touches nothing. */
export async function checkHome({ home, config }: Patient): Promise<Finding[]> {
  return [folder(home.path), settings(home.config, config), secret(home.secret), await room(home.path)]
}

function folder(path: string): Finding {
  const name = 'home'
  const isThere = existsSync(path)
  const place = isThere ? path : nearest(path)
  try {
    if (!statSync(place).isDirectory())
      return { name, state: 'broken', words: `${short(place)} is no folder`, remedy: 'give another --home' }
    accessSync(place, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch {
    const remedy = `sudo chown -R "$USER" ${quoted(place)}`
    return { name, state: 'broken', words: `${short(place)} is not yours to write`, remedy }
  }
  if (isThere) return { name, state: 'ok', words: short(path) }
  return { name, state: 'lacks', words: 'not made yet', remedy: 'marmalade start --detach' }
}

function settings(file: string, config: Patient['config']): Finding {
  const name = 'config'
  if (!(config instanceof Error)) {
    return { name, state: 'ok', words: existsSync(file) ? 'config.json is valid' : 'no config.json: as it comes' }
  }
  const words = messageOf(config).replace(`${file}: `, '').replace(file, 'config.json')
  return { name, state: 'broken', words, remedy: `edit ${quoted(file)}` }
}

function secret(file: string): Finding {
  const name = 'secret'
  try {
    const isThere = readSecret(file) !== undefined
    return { name, state: 'ok', words: isThere ? 'yours alone to read' : 'none yet: the first command makes one' }
  } catch (error) {
    const isExposed = (error as { code?: string }).code === 'KEYS_EXPOSED'
    const words = isExposed ? 'others may read it' : 'you cannot read it'
    return { name, state: 'broken', words, remedy: `chmod 600 ${quoted(file)}` }
  }
}

async function room(path: string): Promise<Finding> {
  const name = 'disk'
  try {
    const { bavail, bsize } = await statfs(nearest(path))
    const free = bavail * bsize
    const words = `${bytes(free)} free`
    if (free >= GOOD_ROOM) return { name, state: 'ok', words }
    return { name, state: free < LEAST_ROOM ? 'broken' : 'lacks', words, remedy: 'marmalade blobs gc' }
  } catch (error) {
    return { name, state: 'lacks', words: `its room cannot be told: ${messageOf(error)}` }
  }
}

/** The path, or the folder nearest above it that is there. */
function nearest(path: string): string {
  let place = path
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  return place
}

/** A path for people: `~` for their own folder. */
const short = (path: string): string => (path.startsWith(`${homedir()}/`) ? `~${path.slice(homedir().length)}` : path)

/** A path as a shell takes it. */
const quoted = (path: string): string => {
  const tilde = short(path)
  return /^[\w~./:@%+-]+$/.test(tilde) ? tilde : `'${path.replaceAll("'", `'\\''`)}'`
}
