/**
 * Collects in a process of its own, says how many have gone, and stops for ever once seven have. Usage: collect-child.ts
 * FOLDER PINNED…
 */
import { writeSync } from 'node:fs'
import { isBlobId } from '../../lib/base/index.ts'
import { BlobStore, collectBlobs, type Pin } from '../../lib/blobs/index.ts'

const [, , folder = '', ...pinned] = process.argv
const store = await BlobStore.open({ folder, now: () => Date.now() })
let gone = 0
store.onRemove(() => writeSync(1, `${++gone}\n`))
async function* pins(): AsyncIterable<Pin> {
  for (const blob of pinned) if (isBlobId(blob)) yield { blob, why: 'so the test says' }
}
const inUse = (): boolean => {
  if (gone === 7) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  return false
}
// What is left of one that is cut while it reads pins.
await store.scratch()
await collectBlobs({ store, pins, inUse, now: () => Date.now() }, { quota: 1 })
