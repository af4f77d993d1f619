import { PROCESS_LIMITS } from './limits.ts'

/** Where an instance's folder is, inside. */
export const FOLDER = '/gen'
/** The descriptor that bubblewrap reads the filter from; the process never has it. */
export const FILTER_FD = 4

export interface SandboxInit {
  /** The unpacked archive, absolute, and the names at its top. */
  readonly archive: string
  readonly names: readonly string[]
  /** What runs: a path inside the archive. */
  readonly entry: string
  readonly environment: Readonly<Record<string, string>>
  /** `/bin`, `/lib` and so on as this system has them: links into /usr, or folders of their own. */
  readonly system: readonly SystemPath[]
}
export type SystemPath =
  | { readonly kind: 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'folder'; readonly path: string }

/**
 * The arguments of `bwrap`: /usr and what it needs read-only, a folder in memory with a quota that holds the archive's
 * files read-only, and nothing else of the machine; no network; namespaces of its own; gone with its parent.
 */
export function sandboxArguments(init: SandboxInit): string[] {
  const { archive, names, entry, environment, system } = init
  return [
    ...isolation(),
    ...Object.entries({ PATH: '/usr/bin', HOME: FOLDER, TMPDIR: FOLDER, LANG: 'C.UTF-8', ...environment }).flatMap(
      ([name, value]) => ['--setenv', name, value],
    ),
    ...systemFiles(system),
    ...['--size', String(PROCESS_LIMITS.folderBytes), '--tmpfs', FOLDER],
    ...names.flatMap((name) => ['--ro-bind', `${archive}/${name}`, `${FOLDER}/${name}`]),
    ...['--symlink', FOLDER.slice(1), '/tmp', '--chdir', FOLDER, '--remount-ro', '/'],
    ...['--seccomp', String(FILTER_FD), '--', ...limited(), `${FOLDER}/${entry}`],
  ]
}

/** The same walls around a program of the system that does nothing: whether they can be built here. */
export const probeArguments = (system: readonly SystemPath[]): string[] => [
  ...isolation(),
  ...systemFiles(system),
  ...['--size', '4096', '--tmpfs', FOLDER, '--remount-ro', '/', '--seccomp', String(FILTER_FD)],
  ...['--', ...limited(), '/usr/bin/true'],
]

const isolation = (): string[] => [
  ...['user', 'pid', 'ipc', 'uts', 'net'].map((what) => `--unshare-${what}`),
  ...['--unshare-cgroup-try', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--clearenv'],
  ...['--hostname', 'generator', '--uid', '1000', '--gid', '1000'],
]

/** /dev/shm would be memory without a quota: /dev is read-only. */
const systemFiles = (system: readonly SystemPath[]): string[] => [
  ...['--ro-bind', '/usr', '/usr'],
  ...system.flatMap((path) =>
    path.kind === 'link' ? ['--symlink', path.to, path.path] : ['--ro-bind', path.path, path.path],
  ),
  ...['--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev'],
]

/** Limits are set inside, where processes are counted by themselves; and it steps behind whatever plays. */
function limited(): string[] {
  const { addressBytes, processes, cpuSeconds, files, folderBytes } = PROCESS_LIMITS
  return [
    ...['/usr/bin/prlimit', `--as=${addressBytes}`, `--nproc=${processes}`, `--cpu=${cpuSeconds}`],
    ...[`--nofile=${files}`, `--fsize=${folderBytes}`, '--core=0', '--memlock=0', '--msgqueue=0', '--rtprio=0'],
    ...['/usr/bin/nice', '-n', '10'],
  ]
}
