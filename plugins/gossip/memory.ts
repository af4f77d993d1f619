import { readFile, rename, writeFile } from 'node:fs/promises'
import type { GossipMemory } from '../../lib/gossip/index.ts'

/** What gossip remembers, in one file that is replaced whole. A few hundred kilobytes with 10,000 feeds. */
export function memoryFile(path: string): GossipMemory {
  return {
    async load() {
      try {
        return await readFile(path, 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    async save(text) {
      await writeFile(`${path}.new`, text, { mode: 0o600 })
      await rename(`${path}.new`, path)
    },
  }
}
