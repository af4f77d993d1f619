import { MarmaladeError } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import { reaches } from './contract.ts'
import type { Role, RoleResolver } from './types.ts'

/** Asks every resolver what a player is; nobody's word makes a `stranger`. */
export class Roles {
  readonly #resolvers = new Set<RoleResolver>()

  add(resolver: RoleResolver): () => void {
    this.#resolvers.add(resolver)
    return () => {
      this.#resolvers.delete(resolver)
    }
  }

  /**
   * The highest role that any resolver gives. A resolver that fails makes the question fail: it might have said `blocked`.
   * `self` is for the local socket alone; a resolver that says it is taken for `member`.
   * @throws MarmaladeError PLAYER_BLOCKED
   */
  async of(player: PlayerId): Promise<Role> {
    const answers = await Promise.all([...this.#resolvers].map(async (resolver) => resolver(player)))
    if (answers.includes('blocked')) throw new MarmaladeError('PLAYER_BLOCKED', `${player} is blocked here`)
    if (answers.some((role) => role !== undefined && role !== 'blocked' && reaches(role, 'member'))) return 'member'
    return answers.includes('tracked') ? 'tracked' : 'stranger'
  }
}
