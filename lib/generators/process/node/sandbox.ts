import { execFile, spawn, type ChildProcess } from 'node:child_process'
import {
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { arch, platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { refusal, type Refusal } from '../../../base/index.ts'
import type { PreparedGenerator } from '../../prepare.ts'
import { isRefused } from '../../refused.ts'
import { FILTER_FD, probeArguments, sandboxArguments, type SandboxInit, type SystemPath } from '../bwrap.ts'
import { seccompFilter } from '../seccomp.ts'

const PROGRAM = 'bwrap'
/** The first version with `--size`. */
const LEAST_VERSION = [0, 7] as const
const PROBE_MILLIS = 10_000
/** Of the user nobody: as root, a generator's processes would be nobody's to count. */
const NOBODY = 65_534

const SYSTEM = ['/bin', '/sbin', '/lib', '/lib64', '/lib32', '/etc/alternatives', '/etc/ld.so.cache']

const run = promisify(execFile)

/** What a sandbox starts a program with, found once for this machine. */
export interface Sandbox {
  readonly filter: Uint8Array
  readonly system: readonly SystemPath[]
}

/**
 * Whether generators can be run as processes here, by building the walls once around a program that does nothing. Codes:
 * SANDBOX_UNSUPPORTED (not Linux, or another processor), SANDBOX_MISSING, SANDBOX_FORBIDDEN, each with what mends it.
 */
export async function findSandbox(): Promise<Sandbox | Refusal> {
  const processor = arch()
  if (platform() !== 'linux' || (processor !== 'x64' && processor !== 'arm64'))
    return refusal(
      'SANDBOX_UNSUPPORTED',
      `process generators run on Linux with x86-64 or arm64 alone, and this is ${platform()} with ${processor}`,
    )
  const version = await versionOf()
  if (version === undefined)
    return refusal(
      'SANDBOX_MISSING',
      'process generators need bubblewrap 0.7 or later: `sudo apt install bubblewrap` (dnf, pacman and apk call it so, too)',
    )
  const [major = 0, minor = 0] = version
  if (major < LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor < LEAST_VERSION[1]))
    return refusal(
      'SANDBOX_MISSING',
      `process generators need bubblewrap 0.7 or later and this is ${version.join('.')}: upgrade the package bubblewrap`,
    )
  const sandbox = { filter: seccompFilter(processor), system: systemPaths() }
  const fault = await probe(sandbox)
  return fault === undefined ? sandbox : refusal('SANDBOX_FORBIDDEN', forbidden(fault))
}

/** Starts a generator's process: 0 nothing, 1 and 2 its output and errors, 3 a socket pair for lines both ways. */
export const spawnInSandbox = (sandbox: Sandbox, init: Omit<SandboxInit, 'system'>): ChildProcess =>
  enclosed(sandbox, sandboxArguments({ ...init, system: sandbox.system }))

function enclosed({ filter }: Sandbox, args: readonly string[]): ChildProcess {
  const fd = filterDescriptor(filter)
  const nothing = openSync('/dev/null', 'r')
  try {
    const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', 'pipe', 'pipe', 'pipe']
    stdio[FILTER_FD] = fd
    // What this process was itself started with, by whoever forgot to close it, becomes /dev/null.
    for (const leak of leaks()) {
      while (stdio.length < leak) stdio.push('ignore')
      stdio[leak] = nothing
    }
    const child = spawn(PROGRAM, args, { stdio, env: { PATH: process.env['PATH'] }, cwd: '/', ...asNobody() })
    // What goes wrong with a pipe is told by the process's end.
    for (const stream of child.stdio) stream?.on('error', () => undefined)
    return child
  } finally {
    closeSync(fd)
    closeSync(nothing)
  }
}

const CLOSE_ON_EXEC = 0o2000000

/** Descriptors of this process that a program it starts would inherit. */
const leaks = (): number[] =>
  readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => {
      try {
        const flags = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? ''
        return fd > FILTER_FD && (parseInt(flags, 8) & CLOSE_ON_EXEC) === 0
      } catch {
        return false
      }
    })

const asNobody = (): { uid?: number; gid?: number } => (process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {})

/** A descriptor to read the filter from; the file has no name any more. */
function filterDescriptor(filter: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'marmalade-filter-'))
  try {
    const file = join(folder, 'filter')
    writeFileSync(file, filter)
    return openSync(file, 'r')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function versionOf(): Promise<number[] | undefined> {
  try {
    const { stdout } = await run(PROGRAM, ['--version'])
    return (/(\d+(?:\.\d+)+)/.exec(stdout)?.[1] ?? '0.0').split('.').map(Number)
  } catch {
    return undefined
  }
}

/** What is wrong with the walls; undefined where they stand. */
async function probe(sandbox: Sandbox): Promise<string | undefined> {
  const child = enclosed(sandbox, probeArguments(sandbox.system))
  let said = ''
  child.stderr?.on('data', (text: Buffer) => (said = (said + text.toString()).slice(0, 400)))
  const late = setTimeout(() => child.kill('SIGKILL'), PROBE_MILLIS)
  const fine = await new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false))
    child.once('close', (code) => resolve(code === 0))
  })
  clearTimeout(late)
  return fine ? undefined : said.trim()
}

const forbidden = (fault: string): string =>
  `bubblewrap may not build its walls here (${fault || 'it gave no reason'}): let users make namespaces with ` +
  '`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu), ' +
  '`sudo sysctl -w kernel.unprivileged_userns_clone=1` (Debian), or ' +
  '`sudo sysctl -w user.max_user_namespaces=10000`; in a container, allow it nested ones'

/** As this system has them: links into /usr are made again, folders and files of their own are shown read-only. */
function systemPaths(): SystemPath[] {
  return SYSTEM.flatMap((path): SystemPath[] => {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (!stats) return []
    return stats.isSymbolicLink() ? [{ kind: 'link', path, to: readlinkSync(path) }] : [{ kind: 'folder', path }]
  })
}

/** What was prepared; where it is a process and there are no walls for one here, why not. Codes: those of `findSandbox`. */
export async function orWhyNot(made: PreparedGenerator | Refusal): Promise<PreparedGenerator | Refusal> {
  if (isRefused(made) || made.runtime !== 'process') return made
  const walls = await findSandbox()
  return isRefused(walls) ? refusal(walls.code, `${made.manifest.name} cannot run here: ${walls.message}`) : made
}
