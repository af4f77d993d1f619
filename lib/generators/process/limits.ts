import { SAMPLE_RATE, type Frames, type Millis } from '../../base/index.ts'

/** What the processes of one instance may use of the machine. */
export const PROCESS_LIMITS = {
  /** Address space of each process. */
  addressBytes: 1024 * 1024 * 1024,
  /** Memory that all of them hold together. */
  memoryBytes: 512 * 1024 * 1024,
  /** Processes and threads at once. */
  processes: 32,
  /** Processor time of each process: as long as the longest score lasts. */
  cpuSeconds: 6 * 3_600,
  /** Processors that all of them may keep busy, over `busyMillis`, in live play. */
  processors: 1,
  busyMillis: 10_000 as Millis,
  /** Open descriptors of each process. */
  files: 64,
  /** Its folder, a file system in memory, and each file in it. */
  folderBytes: 64 * 1024 * 1024,
} as const

/** Frames that are read ahead of what is played; what lies in the pipe comes on top. */
export const AHEAD_FRAMES: Frames = 4_096
/** A process that gave no sound for so long, live, is ended. */
export const SILENT_FRAMES: Frames = 10 * SAMPLE_RATE
/** How long a replay waits for the next sound of a process. */
export const PATIENCE_MILLIS: Millis = 10_000
/** How often it listens meanwhile. */
export const LISTEN_MILLIS: Millis = 10
/** Beats are told ahead: all that begin in so many frames, and at least the next two. */
export const BEATS_AHEAD: Frames = 2 * SAMPLE_RATE
export const LEAST_BEATS = 2
/** Tags that one process may watch. */
export const MAX_WATCHES = 64
/** Lines of a process that take effect in one quantum, the rest in the next ones: no more than tags that an instance may set in it, nor notes. */
export const LINES_A_QUANTUM = 64
/** Bytes of a line, either way. */
export const MAX_LINE = 4_096
/** Lines that are taken from descriptor 3 in TICK_MILLIS; then it waits. Standard error: as many bytes, fewer lines. */
export const TICK_MILLIS: Millis = 100
export const LINES_A_TICK = 256
export const LOGS_A_TICK = 2
export const BYTES_A_TICK = 64 * 1024
/** What waits in the host for a process that does not read descriptor 3; past it newer values take the place of older ones. */
export const MAX_UNREAD = 64 * 1024
