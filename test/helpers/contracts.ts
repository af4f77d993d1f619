import type { Contract } from '../../lib/host/index.ts'
import { blobsContract } from '../../plugins/blobs/index.ts'
import { bundlesContract } from '../../plugins/bundles/index.ts'
import { connectionsContract } from '../../plugins/connections/index.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { gossipContract } from '../../plugins/gossip/index.ts'
import { interestContract } from '../../plugins/interest/index.ts'
import { invitesContract } from '../../plugins/invites/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { nodeContract } from '../../plugins/node/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { watchContract } from '../../plugins/watch/index.ts'

/** Every contract of a node: what may be called on it is in one of these. */
export const CONTRACTS: readonly Contract[] = [
  blobsContract,
  bundlesContract,
  connectionsContract,
  feedsContract,
  generatorsContract,
  gossipContract,
  interestContract,
  invitesContract,
  jamsContract,
  nodeContract,
  playersContract,
  soundContract,
  watchContract,
]
