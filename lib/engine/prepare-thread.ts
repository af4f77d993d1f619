import { readFile } from 'node:fs/promises'
import { parentPort } from 'node:worker_threads'
import { refusal } from '../base/index.ts'
import { prepareGenerator } from '../generators/index.ts'
import type { PrepareAnswer, PrepareRequest } from './preparing.ts'

/** Prepares archives one after the other, in the order in which they were asked for. */
let working: Promise<void> = Promise.resolve()

parentPort?.on('message', (request: PrepareRequest) => {
  working = working.then(async () => parentPort?.postMessage(await prepare(request)))
})

async function prepare({ archive, file }: PrepareRequest): Promise<PrepareAnswer> {
  try {
    return { archive, made: prepareGenerator(new Uint8Array(await readFile(file))) }
  } catch {
    return { archive, made: refusal('ARCHIVE_CORRUPT', 'its file cannot be read: fetch it again') }
  }
}
