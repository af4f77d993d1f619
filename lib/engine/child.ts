import { readFile } from 'node:fs/promises'
import type { BlobId } from '../base/index.ts'
import { systemClock } from '../base/node/clock.ts'
import { isRefused, prepareGenerator } from '../generators/index.ts'
import { Session } from './session.ts'
import { TakeFile } from './take-file.ts'
import type { FromEngine, ToEngine } from './types.ts'

/**
 * The sound engine's process. It has no secret key, no store and no connection: the node tells it what to play over
 * the channel that it was started with, and it reads archives by path. When the node is gone, so is it.
 */
let session: Session | undefined
/** Messages are handled one after the other. */
let working: Promise<void> = Promise.resolve()

const send = (message: FromEngine): void => {
  if (process.connected) process.send?.(message)
}

process.on('message', (message: ToEngine) => {
  working = working
    .then(() => handle(message))
    .catch((error: unknown) => {
      send({ kind: 'failed', message: error instanceof Error ? error.message : 'the engine failed' })
    })
})
process.on('disconnect', () => {
  void finish()
})
// A terminal sends these to the whole group: the node decides when the engine ends.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => undefined)
send({ kind: 'ready' })

async function handle(message: ToEngine): Promise<void> {
  switch (message.kind) {
    case 'open': {
      const { session: init } = message
      session = await Session.open({ init, clock: systemClock, take: await TakeFile.create(init), send })
      return
    }
    case 'archive':
      return prepare(message.archive, message.file)
    case 'close':
      return finish()
    default:
      session?.tell(message)
  }
}

async function prepare(archive: BlobId, file: string): Promise<void> {
  const prepared = prepareGenerator(new Uint8Array(await readFile(file)))
  if (isRefused(prepared)) {
    send({ kind: 'archive', archive, refusal: prepared })
    return
  }
  session?.tell({ kind: 'archive', archive, prepared })
  send({ kind: 'archive', archive, refusal: undefined })
}

async function finish(): Promise<void> {
  await session?.close()
  if (process.connected) process.disconnect()
  process.exitCode = 0
}
