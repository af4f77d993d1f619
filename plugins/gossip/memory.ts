import { readFile } from 'node:fs/promises'
import { replaceFile } from '../../lib/base/node/replace.ts'
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
    save: (text) => replaceFile(path, text),
  }
}
