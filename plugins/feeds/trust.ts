import { isPlayerId, type PlayerId } from '../../lib/base/index.ts'
import { IdFile } from '../id-file.ts'

/**
 * Whose process archives may run here without being allowed one by one: a setting of this machine, in a file of its own,
 * never an entry (FEEDS section 6).
 */
export class Trust extends IdFile<PlayerId> {
  /**
   * @param file where it is remembered; without one, as long as the node runs
   * @throws MarmaladeError CONFIG_INVALID where the file is no list of identities
   */
  constructor(file: string | undefined) {
    super({ file, isId: isPlayerId, what: 'identities', full: 'too many players are trusted already: `untrust` some' })
  }
}
