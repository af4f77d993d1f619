import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MarmaladeError, type PlayerId } from '../../lib/base/index.ts'
import { BlobStore } from '../../lib/blobs/index.ts'
import { checkBundle, copyBlobs, openBundle, type Bundle } from '../../lib/bundle/index.ts'
import { parseRun } from '../../lib/feed/index.ts'
import type { JamEntry } from '../../lib/jam/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import type { JamSource } from './jam-source.ts'
import { progressBar } from './progress.ts'

/**
 * A jam as it stands in a bundle, without any home: checked whole, its archives in a temporary folder until it is closed.
 * @throws MarmaladeError what `openBundle` and `checkBundle` throw; USAGE for the bundle of a player
 */
export async function openBundleSource(file: string): Promise<JamSource> {
  const bundle = await openBundle(file)
  const bar = progressBar('checking')
  const folder = await mkdtemp(join(tmpdir(), 'marmalade-bundle-'))
  const close = async (): Promise<void> => {
    await bundle.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const { score, entries } = await checkBundle(bundle, { onProgress: ({ done, total }) => bar.update(done, total) })
    if (!score) throw new MarmaladeError('USAGE', `${file} is not of one jam: \`import\` it`)
    const blobs = await BlobStore.open({ folder, now: () => Date.now() })
    await copyBlobs(bundle, blobs)
    // Who allowed what is said in homes: from a bundle alone nothing runs as a process.
    return {
      jam: score.jam,
      entries,
      archiveFile: async (archive) => blobs.path(archive),
      mayRun: async () => false,
      feed: (player) => feedIn(bundle, player),
      close,
    }
  } catch (error) {
    await close()
    throw error
  } finally {
    bar.stop()
  }
}

/** A feed of a bundle that has been checked. */
async function* feedIn(bundle: Bundle, player: PlayerId): AsyncGenerator<JamEntry> {
  const head = bundle.manifest.heads.find(({ identity }) => identity === player)
  if (!head) return
  for await (const run of bundle.runs(head)) yield* parseRun(player, run, nodeCrypto).entries
}
