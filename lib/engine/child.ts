import { constants, setPriority } from 'node:os'
import { MarmaladeError, type BlobId } from '../base/index.ts'
import { systemClock } from '../base/node/clock.ts'
import { isRefused, type PreparedGenerator } from '../generators/index.ts'
import { sweepUnpacked } from '../generators/process/node/folders.ts'
import { ProcessHost } from '../generators/process/node/host.ts'
import { Preparing } from './preparing.ts'
import { pcmFolderOf, pcmRecord, saidRecord } from './processes.ts'
import { Session } from './session.ts'
import type { FromEngine, ReadyArchive, SessionInit, ToEngine } from './types.ts'

/**
 * The sound engine's process. It has no secret key, no store and no connection: the node tells it what to play over
 * the channel that it was started with, and it reads archives by path. When the node is gone, so is it, its files
 * finished.
 */
let session: Session | undefined
let finished = false
/** Opening and finishing happen one after the other; what is told in between waits for them. */
let working: Promise<void> = Promise.resolve()

/** How long it may take to end once everything is finished, whatever still hangs. */
const END_MILLIS = 5_000
/** How long a session waits for archives that are here, so that what runs already starts in its place. */
const PREPARE_MILLIS = 3_000

const send = (message: FromEngine): void => {
  // The node may go at any moment: then there is nobody to tell.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
}

/**
 * Sketches that are being prepared, in order: on a thread of their own, so that no archive of the jam waits for them. Undefined where
 * its name was ended meanwhile.
 */
const trying: (Extract<ToEngine, { kind: 'sketch' }> | undefined)[] = []
const sketching = new Preparing(({ archive, made }) => {
  const asked = trying.shift()
  if (!asked) return
  const { name, params } = asked
  const refusal = isRefused(made) ? { code: made.code, message: made.message } : undefined
  send({ kind: 'sketch', name, archive, refusal })
  if (isRefused(made)) return
  const tell = (): void => session?.tell({ kind: 'sketch', name, archive, params, prepared: made })
  if (made.runtime === 'process') processes?.start().then(tell, fail)
  else tell()
})

/** What was ready before the session began. */
const early: ReadyArchive[] = []
/** Process archives that may run, as the node has it now. */
const allowed = new Set<BlobId>()
/** Runs process generators; its thread begins with the first of them. */
let processes: ProcessHost | undefined
const preparing = new Preparing(({ archive, made }) => {
  if (isRefused(made)) {
    forbid(archive)
    send({ kind: 'archive', archive, refusal: { code: made.code, message: made.message } })
    return
  }
  ready(archive, made)
  send({ kind: 'archive', archive, refusal: undefined, runtime: made.runtime })
})

/** What was ready and is refused now, handed over once more, may run no more. */
function forbid(archive: BlobId): void {
  if (!allowed.delete(archive)) return
  const at = early.findIndex((one) => one.archive === archive)
  if (at >= 0) early.splice(at, 1)
  session?.tell({ kind: 'forbid', archive })
}

function ready(archive: BlobId, prepared: PreparedGenerator): void {
  const isProcess = prepared.runtime === 'process'
  if (isProcess) allowed.add(archive)
  const tell = (): void => {
    if (isProcess && !allowed.has(archive)) return
    if (session) session.tell({ kind: 'archive', archive, prepared })
    else early.push({ archive, prepared })
  }
  if (isProcess) processes?.start().then(tell, fail)
  else tell()
}

/** What is heard of processes goes into the take. */
const startProcesses = ({ takeFile, owner }: SessionInit): ProcessHost =>
  new ProcessHost({
    pace: 'live',
    keepIn: pcmFolderOf(takeFile),
    ...(owner !== undefined && { owner }),
    onKept: (kept) => session?.note(pcmRecord(kept)),
    onSaid: (said) => session?.note(saidRecord(said)),
    onLost(why) {
      session?.note({ kind: 'missing', count: 1 })
      const message = `sound of a process could not be kept for the take: ${why ?? 'the disk is too slow or full'}`
      send({ kind: 'warning', code: 'TAKE_UNWRITABLE', message })
    },
  })

process.on('message', (message: ToEngine) => enqueue(() => handle(message)))
process.on('disconnect', () => enqueue(finish))
// A terminal sends these to the whole group: the node decides when the engine ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
hurry()
send({ kind: 'ready' })

/** Goes before other programs, threads started from here on too, where the system lets it: mostly it does not. */
function hurry(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGH)
  } catch {
    // An ordinary user may not: the look-ahead has to do.
  }
}

function enqueue(work: () => Promise<void>): void {
  working = working.then(work).catch(fail)
}

function fail(error: unknown): void {
  const code = error instanceof MarmaladeError ? error.code : 'INTERNAL'
  send({ kind: 'failed', code, message: error instanceof Error ? error.message : 'the engine failed' })
  void finish()
}

async function handle(message: ToEngine): Promise<void> {
  switch (message.kind) {
    case 'open': {
      const { session: init } = message
      if (init.owner !== undefined) await sweepUnpacked(init.owner)
      processes = startProcesses(init)
      for (const archive of init.archives) preparing.prepare(archive)
      const archives = async (): Promise<readonly ReadyArchive[]> => {
        await preparing.settled(PREPARE_MILLIS)
        return early
      }
      const opened = await Session.open({ init, clock: systemClock, send, archives, processes })
      session = opened
      void opened.ended.then(() => enqueue(finish))
      return
    }
    case 'archive':
      preparing.prepare(message)
      return
    case 'sketch':
      trying.push(message)
      sketching.prepare(message)
      return
    case 'sketch-end':
      if (message.until === undefined)
        for (const [at, asked] of trying.entries()) if (asked?.name === message.name) trying[at] = undefined
      session?.tell(message)
      return
    case 'clock':
      session?.setZero(message.zero)
      return
    case 'nudge':
      session?.nudge(message.millis)
      return
    case 'close':
      return finish()
    default:
      session?.tell(message)
  }
}

async function finish(): Promise<void> {
  if (finished) return
  finished = true
  await session?.close()
  await Promise.all([preparing.close(), sketching.close()])
  await processes?.close()
  if (process.connected) process.disconnect()
  setTimeout(() => process.exit(), END_MILLIS).unref()
}
