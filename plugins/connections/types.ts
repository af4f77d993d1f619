import type { PlayerId } from '../../lib/base/index.ts'

/** What other plugins reach of the links to other nodes. */
export interface ConnectionsApi {
  /**
   * Dials an address from now on, whenever its player is not connected.
   * @throws MarmaladeError ADDRESS_INVALID
   */
  want(address: string): void
  /**
   * An address that a player names as its own, over a connection or on the local network: dialled where there is room. What is
   * told from afar is none of this node's own machine and network.
   */
  learn(player: PlayerId, address: string, how: 'told' | 'heard'): void
}
