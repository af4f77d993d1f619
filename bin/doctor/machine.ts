import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../lib/base/node/root.ts'
import { findSandbox } from '../../lib/generators/process/node/sandbox.ts'
import { isRefused } from '../../lib/generators/refused.ts'
import { ask } from './ask.ts'
import type { Finding } from './finding.ts'

/** The first Node.js that everything is tried on. */
const LEAST_NODE = [20, 11] as const
/** Before this the program was not written: a clock that says so was never set. 2026-01-01. */
const LEAST_TIME = Date.UTC(2026, 0, 1)

/** Node.js, walls for process generators, the clock, and the compiler that authors may want. */
export async function checkMachine(): Promise<Finding[]> {
  return [nodeVersion(process.versions.node), await walls(), await clock(), compiler()]
}

/** @param version as in `20.11.0` */
export function nodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isOld = major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1])
  if (!isOld) return { name: 'node', state: 'ok', words: version }
  return {
    name: 'node',
    state: 'broken',
    words: `${version} is older than ${LEAST_NODE.join('.')}`,
    remedy: 'nvm install 22',
  }
}

async function walls(): Promise<Finding> {
  const name = 'bubblewrap'
  const found = await findSandbox()
  if (!isRefused(found)) return { name, state: 'ok', words: 'process generators can run, behind its walls' }
  if (found.code === 'SANDBOX_UNSUPPORTED')
    return { name, state: 'lacks', words: 'Linux alone runs process generators' }
  if (found.code === 'SANDBOX_MISSING')
    return { name, state: 'lacks', words: 'not here, for process generators', remedy: 'sudo apt install bubblewrap' }
  return {
    name,
    state: 'lacks',
    words: 'no',
    remedy: namespacesRemedy((setting) => readText(`/proc/sys/${setting}`)),
  }
}

/** What lets users make namespaces, by what forbids it. @param setting gives the text of a kernel setting, if it is there */
export function namespacesRemedy(setting: (path: string) => string | undefined): string {
  if (setting('kernel/apparmor_restrict_unprivileged_userns') === '1')
    return 'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0'
  if (setting('kernel/unprivileged_userns_clone') === '0') return 'sudo sysctl kernel.unprivileged_userns_clone=1'
  if (setting('user/max_user_namespaces') === '0') return 'sudo sysctl user.max_user_namespaces=10000'
  return 'allow this container nested namespaces'
}

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** Whether it is kept right: entries are ordered by their authors' clocks. */
async function clock(): Promise<Finding> {
  const name = 'clock'
  const remedy = 'sudo timedatectl set-ntp true'
  if (Date.now() < LEAST_TIME) return { name, state: 'broken', words: 'it was never set', remedy }
  const kept = await ask('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'])
  if (kept === 'no') return { name, state: 'lacks', words: 'nothing keeps it right', remedy }
  return {
    name,
    state: 'ok',
    words: kept === 'yes' ? 'kept right by the network' : 'set; who keeps it right is not known',
  }
}

function compiler(): Finding {
  const name = 'asc'
  const places = [packageRoot(), process.cwd()].map((root) => join(root, 'node_modules', 'assemblyscript'))
  if (places.some((place) => existsSync(place)))
    return { name, state: 'ok', words: 'AssemblyScript is here, for authors' }
  return { name, state: 'lacks', words: 'for authors alone', remedy: 'npm install --save-dev assemblyscript' }
}
