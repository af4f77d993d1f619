import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { blobIdOf, MarmaladeError, type JamId, type PlayerId } from '../../lib/base/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { isRefused, pack } from '../../lib/generators/index.ts'
import { readGenerator } from '../../lib/generators/node/folder.ts'
import { connectLocal, isListening, type Remote } from '../../lib/host/index.ts'
import { homeAt, openHome, type Home } from '../../lib/store/index.ts'
import { connectionsContract } from '../../plugins/connections/index.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract, type Hearing } from '../../plugins/jams/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { ChildNode } from '../cli/child-node.ts'
import { comesAbout } from '../cli/comes-about.ts'
import type { Context } from '../cli/context.ts'

/** What the bot is called, and which of the shipped generators it plays, each that much quieter than it would be. */
const NAME = 'echo'
const GENERATORS = ['echo', 'haze']
const GAIN = -3

/** How long it may take to be let in, and to be seen to have left. */
const IN_MILLIS = 30_000
const OUT_MILLIS = 5_000
/** How often it looks whether it is still wanted. */
const LOOK_MILLIS = 500

/** What came of a play: who hears it from when, as its owner sees it. */
interface Played {
  readonly instance: string
  /** Counted from 1. */
  readonly bar: number
  readonly hears: readonly Hearing[]
}

/** A bot that plays. */
export interface Playing {
  readonly player: PlayerId
  readonly name: string
  readonly jam: JamId
  readonly played: readonly Played[]
}

/** Why it plays no more. */
export type Ended = 'asked to' | 'jam over' | 'put out' | 'node gone'

/** A second home in the first one: a player of its own. */
export const botHome = (home: Home): Home => homeAt(join(home.path, 'bot'))

/** The jam that a bot is to join: its owner has to be in it. @throws NODE_NOT_RUNNING, JAM_UNKNOWN, NOT_MEMBER, AFTER_END, HOME_LOCKED */
export async function jamFor(context: Context, named: string | undefined): Promise<JamId> {
  const node = await context.node(jamsContract)
  const { jam, name, mine, ended } = await node.jam.show(named === undefined ? {} : { jam: named })
  if (ended) throw new MarmaladeError('AFTER_END', `${name} is over: \`jam start NAME\` begins another one`)
  if (mine !== 'starter' && mine !== 'member')
    throw new MarmaladeError('NOT_MEMBER', `you are not in ${name} yourself: \`jam join ${name}\`, and be admitted`)
  if (await isListening(botHome(context.home).socket))
    throw new MarmaladeError('HOME_LOCKED', `${NAME} is playing already: \`bot --leave\` has it go`)
  return jam
}

export interface BotInit {
  readonly context: Context
  readonly jam: JamId
  /** Has it leave. */
  readonly signal: AbortSignal
  readonly onPlaying: (playing: Playing) => void
}

/**
 * Runs the bot: a node with a home, a key and a feed of its own, which is let into the jam and plays in it as any player. Resolves when it
 * has left, its node ended.
 * @throws MarmaladeError NODE_NOT_RUNNING, NOT_MEMBER, what the nodes refuse
 */
export async function runBot(init: BotInit): Promise<Ended> {
  const { path } = openHome(botHome(init.context.home).path)
  const log = join(path, 'node.log')
  // Ctrl-C is for us: the node has to say that it leaves before it ends.
  const bot = await ChildNode.start({ name: NAME, home: path, log, sink: 'null', group: 'apart' })
  try {
    init.onPlaying(await comeIn(init, bot))
    const why = await untilOver(init, bot)
    if (why !== 'jam over' && why !== 'put out') await goOut(init, bot)
    return why
  } finally {
    await bot.stop()
  }
}

/** Has a bot that plays in the background leave, and waits until its node has ended. @throws NODE_NOT_RUNNING, CANCELLED */
export async function sendAway(context: Context): Promise<void> {
  const { socket, path } = botHome(context.home)
  const bot = await connectLocal(socket)
  await bot.remote(jamsContract).jam.leave({})
  await bot.close()
  if (!(await comesAbout(async () => !(await isListening(socket)), IN_MILLIS)))
    throw new MarmaladeError('CANCELLED', `${NAME} has left the jam, but its node goes on: \`shutdown --home ${path}\``)
}

/** Meets its owner's node over the loopback, is let in, and plays. */
async function comeIn({ context, jam }: BotInit, bot: ChildNode): Promise<Playing> {
  const owner = await (await context.node(playersContract)).whoami()
  const node = await context.node(jamsContract)
  const me = await bot.ask(playersContract).whoami()
  if (me.name === undefined) {
    // The first time: its feed does not grow with each evening by what it says already.
    await bot.ask(feedsContract).feeds.follow({ player: owner.identity, on: true })
    await bot.ask(playersContract).identify({ name: NAME })
  }
  await bot.ask(connectionsContract).connections.connect({ address: nearest(owner.addresses) })
  for (const generator of GENERATORS) await publish(bot, generator)
  await bot.ask(jamsContract).jam.join({ jam })
  await admitted(node, bot, jam)
  await fetched(await context.node(generatorsContract), bot)
  const played: Played[] = []
  for (const generator of GENERATORS) {
    const done = await bot.ask(jamsContract).perform.play({ jam, generator, params: { gain: GAIN } })
    played.push({ instance: done.instance, bar: done.place.bar, hears: asSeenBy(owner.identity, bot, done.hears) })
  }
  return { player: bot.identity, name: me.name ?? NAME, jam, played }
}

/** Of the addresses of a node on this machine the one that stays on it. @throws CONNECT_FAILED */
function nearest(addresses: readonly string[]): string {
  const address = addresses.find((each) => /^net:(127\.|\[?::1)/.test(each)) ?? addresses[0]
  if (address === undefined) throw new MarmaladeError('CONNECT_FAILED', 'your node listens nowhere: its log says why')
  return address
}

/** Publishes one of the shipped generators, where this very archive is not published already. */
async function publish(bot: ChildNode, generator: string): Promise<void> {
  const folder = join(packageRoot(), 'fixtures', 'generators', generator)
  const archive = pack(await readGenerator(folder))
  const id = isRefused(archive) ? undefined : blobIdOf(createHash('sha256').update(archive).digest())
  const published = await bot.ask(generatorsContract).generators({ player: bot.identity })
  if (!published.some((row) => row.name === generator && row.archive === id))
    await bot.ask(generatorsContract).authoring.publish({ folder })
}

/** Its owner's node has what it will play: then both hear it from one bar on. Where that takes too long it plays all the same. */
async function fetched(owner: Remote<typeof generatorsContract>, bot: ChildNode): Promise<void> {
  await comesAbout(async () => {
    const rows = await owner.generators({ player: bot.identity })
    return GENERATORS.every((name) => rows.some((row) => row.name === name && row.here))
  }, IN_MILLIS)
}

/** Its owner lets it in, as `jam admit` would. */
async function admitted(owner: Remote<typeof jamsContract>, bot: ChildNode, jam: JamId): Promise<void> {
  const isIn = async (): Promise<boolean> => {
    const { waiting } = await owner.jam.show({ jam })
    if (waiting.some(({ player }) => player === bot.identity)) await owner.jam.admit({ jam, player: bot.identity })
    return (await bot.ask(jamsContract).jam.show({ jam })).mine === 'member'
  }
  if (!(await comesAbout(isIn, IN_MILLIS)))
    throw new MarmaladeError('NOT_MEMBER', `${NAME} was not let into the jam in time: its log says why`)
}

/** The rows without its own, its owner called `you`. */
const asSeenBy = (owner: PlayerId, bot: ChildNode, hears: readonly Hearing[]): Hearing[] =>
  hears
    .filter(({ player }) => player !== bot.identity)
    .map((hearing) => (hearing.player === owner ? { ...hearing, shown: 'you' } : hearing))

async function untilOver({ context, jam, signal }: BotInit, bot: ChildNode): Promise<Ended> {
  const owner = await context.node(jamsContract)
  while (!signal.aborted) {
    if (bot.hasEnded) throw new MarmaladeError('NODE_NOT_RUNNING', `the node of ${NAME} has ended: its log says why`)
    const shown = await owner.jam.show({ jam }).catch(() => undefined)
    if (shown === undefined) return 'node gone'
    if (shown.ended) return 'jam over'
    if (!shown.players.some(({ player, counts }) => player === bot.identity && counts)) return 'put out'
    await wait(LOOK_MILLIS, undefined, { signal }).catch(() => undefined)
  }
  return 'asked to'
}

/** Leaves, and stays until its owner's node knows. */
async function goOut({ context, jam }: BotInit, bot: ChildNode): Promise<void> {
  await bot.ask(jamsContract).jam.leave({ jam })
  const owner = await context.node(jamsContract)
  const knows = async (): Promise<boolean> => {
    const shown = await owner.jam.show({ jam }).catch(() => undefined)
    return shown?.players.every(({ player, counts }) => player !== bot.identity || !counts) ?? true
  }
  await comesAbout(knows, OUT_MILLIS)
}
