import type { Remembered } from '../../lib/gossip/core.ts'
import type { Backup } from './store.ts'

/** What a node remembers of its peers, and the epoch of its store then. */
export interface Memory {
  readonly epoch: string
  readonly remembered: Remembered
}

/** A home as it can be put back: the store, and what was remembered of peers. */
export interface HomeBackup {
  readonly disk: Backup
  readonly memory: Memory | undefined
}
