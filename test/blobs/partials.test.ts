import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import { blobIdOf } from '../../lib/base/index.ts'
import { BlobFiles, fileAt } from '../../lib/blobs/files.ts'
import { Partials } from '../../lib/blobs/partials.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { bytesOf } from '../helpers/blobs.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const BYTES = bytesOf(1_000, 7)
const BLOB = blobIdOf(nodeCrypto.sha256(BYTES))

/** Files of which none can be listed. */
class NotListed extends BlobFiles {
  override async prunePartials(): Promise<number> {
    throw new Error('too many files are open')
  }
}

test('a transfer that is whole is a blob, although other transfers cannot be looked at', async (t) => {
  const folder = temporaryFolder()
  try {
    const files = new NotListed(folder)
    await mkdir(files.partial, { recursive: true })
    const partials = new Partials({ files, maxBytes: 10_000, now: () => Date.now() })
    const partial = await partials.open(BLOB, '1000')
    await partial.write(BYTES)
    const path = join(folder, 'whole')
    t.equal(await partial.finish(async () => path, BLOB), BLOB)
    t.equal((await fileAt(path))?.size, 1_000)
    await (await partials.open(BLOB, '1000')).discard()
    t.equal(await fileAt(files.partialOf(BLOB, '1000')), undefined)
    await partials.prune().then(
      () => t.fail('it was looked at'),
      (error: unknown) => t.equal((error as Error).message, 'too many files are open', 'whoever asks for it is told'),
    )
  } finally {
    removeFolder(folder)
  }
})

test('a transfer that could not be made a blob is not spared for ever', async (t) => {
  const folder = temporaryFolder()
  try {
    const files = new BlobFiles(folder)
    await mkdir(files.partial, { recursive: true })
    let now = Date.now()
    const partials = new Partials({ files, maxBytes: 10_000, now: () => now })
    const partial = await partials.open(BLOB, '1000')
    await partial.write(BYTES)
    await mkdir(join(folder, 'taken', 'full'), { recursive: true })
    await partial
      .finish(async () => join(folder, 'taken'))
      .then(
        () => t.fail('a folder was written over'),
        () => t.pass('it fails'),
      )
    now += 8 * 24 * 3_600_000
    t.equal(await partials.prune(), 1)
  } finally {
    removeFolder(folder)
  }
})
