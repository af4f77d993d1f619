import { join } from 'node:path'
import { jamIdOf, MarmaladeError, name as checkedName, type JamId } from '../../lib/base/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { connectionsContract } from '../../plugins/connections/index.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { comesAbout } from '../cli/comes-about.ts'
import type { Plan } from './plan.ts'
import type { DemoPlayer, Pair } from './players.ts'
import { capital, type Story } from './words.ts'

/** How long Ben may take to be let in, and a node to sound. */
const READY_MILLIS = 30_000

/** A jam that both are in. */
export interface Session {
  readonly jam: JamId
  /** Milliseconds since 1970 of the jam's origin. */
  readonly origin: number
}

/**
 * The jam starts at once, since its first eight bars are for everything else to happen in: Ben connects, they follow each
 * other, publish their generators, and Ben joins.
 */
export async function meet(plan: Plan, story: Story, { ada, ben }: Pair): Promise<Session> {
  for (const player of [ada, ben]) {
    await player.ask(playersContract).identify({ name: player.name })
    story.say(`  ${story.name(player.name)} is ${player.identity}`)
  }
  const { name, title, tempo, meter } = plan
  await ada.ask(jamsContract).jam.start({ name, title, tempo, meter })
  const jam = jamIdOf(ada.identity, checkedName(name))
  story.heading(`Ada starts a jam, "${title}": ${tempo} BPM, ${meter}, and its first bar is now`)
  const [address = ''] = ada.addresses
  await ben.ask(connectionsContract).connections.connect({ address })
  story.say('  Ben connects to Ada: TCP, then secret-handshake. No server knows of it.')
  await ada.ask(feedsContract).feeds.follow({ player: ben.identity, on: true })
  await ben.ask(feedsContract).feeds.follow({ player: ada.identity, on: true })
  story.say('  They follow each other: from now on each node keeps both feeds.')
  for (const player of [ada, ben]) await publish(plan, story, player)
  await ben.ask(jamsContract).jam.join({ jam })
  const isIn = async (): Promise<boolean> => (await ben.ask(jamsContract).jam.show({ jam })).mine === 'member'
  if (!(await comesAbout(isIn, READY_MILLIS)))
    throw new MarmaladeError('NOT_MEMBER', 'Ben was not let into the jam in time')
  story.say("  Ben joins the jam, and Ada's node lets him in, since she follows him.")
  for (const player of [ada, ben]) {
    const plays = async (): Promise<boolean> => (await player.ask(soundContract).sound.status()).state === 'playing'
    if (!(await comesAbout(plays, READY_MILLIS)))
      throw new MarmaladeError('NOT_SOUNDING', `${capital(player.name)}'s node makes no sound: its log says why`)
  }
  return { jam, origin: await originOf(ada, jam) }
}

async function publish(plan: Plan, story: Story, player: DemoPlayer): Promise<void> {
  for (const generator of plan.players[player.name].generators) {
    const folder = join(packageRoot(), 'fixtures', 'generators', generator)
    const row = await player.ask(generatorsContract).authoring.publish({ folder })
    const what = `${capital(player.name)} publishes ${generator},`
    story.say(`  ${what.padEnd(23)} ${row.size} bytes of code with the hash ${row.archive.slice(0, 10)}…`)
  }
}

/** Milliseconds since 1970: the start entry's comparable. */
async function originOf(player: DemoPlayer, jam: JamId): Promise<number> {
  for await (const entry of player.ask(jamsContract).jam.entries({ jam })) {
    const payload = entry.payload as { readonly type?: string; readonly action?: string }
    if (payload.type === 'jam' && payload.action === 'start') return entry.comparable / 1_000
  }
  throw new MarmaladeError('JAM_UNKNOWN', 'the jam has no start')
}
