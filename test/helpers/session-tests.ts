import test, { type Test } from 'tape'
import { refOf, type PlayerId } from '../../lib/base/index.ts'
import type { TakeRecord } from '../../lib/jam/index.ts'
import { BEAT_FRAMES, SessionRig } from './sessions.ts'

/** Far behind every end. */
export const ALL = 100 * BEAT_FRAMES

/** A test of one session: whatever happens, it is closed and its files removed. */
export function session(title: string, body: (t: Test, rig: SessionRig) => Promise<void>): void {
  test(`session: ${title}`, async (t) => {
    const rig = new SessionRig()
    try {
      await body(t, rig)
    } finally {
      await rig.run()
    }
  })
}

/** The records of one kind in a take. */
export const ofKind = <K extends TakeRecord['kind']>(records: readonly TakeRecord[], kind: K) =>
  records.filter((record): record is Extract<TakeRecord, { kind: K }> => record.kind === kind)
/** The path of a player's instance that is called as its generator. */
export const pathOf = (player: PlayerId, name: string): string => `${refOf(player)}/${name}/${name}`
