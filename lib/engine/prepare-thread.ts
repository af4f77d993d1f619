import { readFile } from 'node:fs/promises'
import { parentPort } from 'node:worker_threads'
import { refusal } from '../base/index.ts'
import { prepareAllowed, prepareGenerator } from '../generators/index.ts'
import { orWhyNot } from '../generators/process/node/sandbox.ts'
import type { PrepareAnswer, PrepareRequest } from './preparing.ts'

/** Prepares archives one after the other, in the order in which they were asked for. */
let working: Promise<void> = Promise.resolve()

parentPort?.on('message', (request: PrepareRequest) => {
  working = working.then(async () => parentPort?.postMessage(await prepare(request)))
})

async function prepare({ archive, file, mayRun }: PrepareRequest): Promise<PrepareAnswer> {
  try {
    const bytes = new Uint8Array(await readFile(file))
    return { archive, made: mayRun ? await orWhyNot(prepareAllowed(bytes, file)) : prepareGenerator(bytes) }
  } catch {
    return { archive, made: refusal('ARCHIVE_CORRUPT', 'its file cannot be read: fetch it again') }
  }
}
