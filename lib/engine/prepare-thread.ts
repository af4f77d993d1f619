import { readFile } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { parentPort } from 'node:worker_threads'
import { refusal } from '../base/index.ts'
import { prepareAllowed, prepareGenerator } from '../generators/index.ts'
import { orWhyNot } from '../generators/process/node/sandbox.ts'
import type { PrepareAnswer, PrepareRequest } from './preparing.ts'

/**
 * Modules are compiled whole here: else V8 compiles each function where it is first called, which is an instance's first block, on
 * the rendering thread: 0.2 to 0.4 ms for each of the generators that come along, against 0.02, and their mm_init as much again.
 */
setFlagsFromString('--no-wasm-lazy-compilation')

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
