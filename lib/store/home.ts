import { createHash } from 'node:crypto'
import { accessSync, chmodSync, constants, lstatSync, mkdirSync, statSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { MarmaladeError } from '../base/index.ts'

/** Where everything of one player lies. All paths are absolute. */
export interface Home {
  readonly path: string
  readonly config: string
  readonly secret: string
  readonly db: string
  readonly blobs: string
  readonly takes: string
  readonly jams: string
  readonly generators: string
  readonly players: string
  /** Whose process archives may run here, and which: lists of ids. */
  readonly trusted: string
  readonly allowed: string
  readonly lock: string
  /** The Unix socket for local clients, in a folder of mode 0700. */
  readonly socket: string
}

/** Only the owner may look in. */
const OWN = 0o700
const OTHERS = 0o077
/** sockaddr_un takes 108 bytes on Linux, 104 on macOS, with a zero at the end. */
const MAX_SOCKET_PATH = 100

/** The paths of a home: the one given, else MARMALADE_HOME, else ~/.marmalade. Touches no disk. */
export function homeAt(path?: string): Home {
  const named = path ?? process.env['MARMALADE_HOME']
  const root = resolve(named !== undefined && named !== '' ? named : join(homedir(), '.marmalade'))
  return {
    path: root,
    config: join(root, 'config.json'),
    secret: join(root, 'secret'),
    db: join(root, 'db'),
    blobs: join(root, 'blobs'),
    takes: join(root, 'takes'),
    jams: join(root, 'jams'),
    generators: join(root, 'generators'),
    players: join(root, 'players'),
    trusted: join(root, 'trusted.json'),
    allowed: join(root, 'allowed.json'),
    lock: join(root, 'lock'),
    socket: join(socketFolder(root), 'node.sock'),
  }
}

/**
 * The home, its folders made (mode 0700) where they lack.
 * @throws MarmaladeError HOME_INVALID, SOCKET_FOLDER
 */
export function openHome(path?: string): Home {
  const home = homeAt(path)
  for (const folder of [home.path, home.blobs, home.takes, home.jams, home.generators, home.players]) makeFolder(folder)
  makeSocketFolder(resolve(home.socket, '..'))
  return home
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: OWN })
    if (!statSync(folder).isDirectory()) throw new Error('not a folder')
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    const message = `${folder} cannot be used as a folder: give another --home, or make it yours to write`
    throw new MarmaladeError('HOME_INVALID', message, { cause })
  }
}

/** `<home>/run`, or a folder named by the home's hash among the run-time files where that path would be too long. */
function socketFolder(root: string): string {
  const near = join(root, 'run')
  if (Buffer.byteLength(join(near, 'node.sock')) <= MAX_SOCKET_PATH) return near
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 16)
  const runtime = process.env['XDG_RUNTIME_DIR']
  return join(runtime !== undefined && runtime !== '' ? runtime : tmpdir(), `marmalade-${hash}`)
}

/** The folder's name can be guessed, so somebody else may have made it first: then it is refused. */
function makeSocketFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: OWN })
    return
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new MarmaladeError('SOCKET_FOLDER', `cannot make ${folder} for the local socket`, { cause })
  }
  const found = lstatSync(folder)
  if (!found.isDirectory() || !isOurs(found.uid))
    throw new MarmaladeError(
      'SOCKET_FOLDER',
      `${folder} is not a folder of this user: remove it, or give another --home`,
    )
  if ((found.mode & OTHERS) !== 0) chmodSync(folder, OWN)
}

/** Where the system has no user ids, the folder's own protection has to do. */
const isOurs = (uid: number): boolean => process.getuid === undefined || process.getuid() === uid
