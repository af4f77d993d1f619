import { Command } from 'commander'
import { appVersion } from '../../plugins/version.ts'

interface Part {
  /** The commands that it adds. */
  readonly words: readonly string[]
  readonly load: () => Promise<(program: Command) => void>
}

/** Every command, in the order in which help shows them. */
const PARTS: readonly Part[] = [
  { words: ['demo'], load: async () => (await import('../commands/demo.ts')).addDemo },
  { words: ['start'], load: async () => (await import('../commands/start.ts')).addStart },
  { words: ['shutdown'], load: async () => (await import('../commands/shutdown.ts')).addShutdown },
  { words: ['status'], load: async () => (await import('../commands/status.ts')).addStatus },
  { words: ['doctor'], load: async () => (await import('../commands/doctor.ts')).addDoctor },
  { words: ['whoami'], load: async () => (await import('../commands/whoami.ts')).addWhoami },
  { words: ['key'], load: async () => (await import('../commands/key.ts')).addKey },
  { words: ['name'], load: async () => (await import('../commands/name.ts')).addName },
  {
    words: ['follow', 'unfollow', 'block', 'unblock', 'ignore', 'unignore', 'trust', 'untrust'],
    load: async () => (await import('../commands/follow.ts')).addFollow,
  },
  { words: ['feeds'], load: async () => (await import('../commands/feeds.ts')).addFeeds },
  { words: ['feed'], load: async () => (await import('../commands/feed.ts')).addFeed },
  { words: ['connect'], load: async () => (await import('../commands/connect.ts')).addConnect },
  { words: ['invite'], load: async () => (await import('../commands/invite.ts')).addInvite },
  { words: ['peers'], load: async () => (await import('../commands/peers.ts')).addPeers },
  { words: ['generator'], load: async () => (await import('../commands/generator.ts')).addGenerator },
  { words: ['jam'], load: async () => (await import('../commands/jam.ts')).addJam },
  { words: ['play'], load: async () => (await import('../commands/play.ts')).addPlay },
  { words: ['stop'], load: async () => (await import('../commands/stop.ts')).addStop },
  { words: ['param'], load: async () => (await import('../commands/param.ts')).addParam },
  { words: ['tag'], load: async () => (await import('../commands/tag.ts')).addTag },
  { words: ['bot'], load: async () => (await import('../commands/bot.ts')).addBot },
  { words: ['say'], load: async () => (await import('../commands/say.ts')).addSay },
  { words: ['mix'], load: async () => (await import('../commands/mix.ts')).addMix },
  { words: ['watch'], load: async () => (await import('../commands/watch.ts')).addWatch },
  { words: ['replay'], load: async () => (await import('../commands/replay.ts')).addReplay },
  { words: ['export'], load: async () => (await import('../commands/export.ts')).addExport },
  { words: ['import'], load: async () => (await import('../commands/import.ts')).addImport },
  { words: ['verify'], load: async () => (await import('../commands/verify.ts')).addVerify },
  { words: ['compact'], load: async () => (await import('../commands/compact.ts')).addCompact },
  { words: ['blobs'], load: async () => (await import('../commands/blobs.ts')).addBlobs },
]

const FIRST_STEPS = `
First steps:
  $ marmalade demo                     two players, one jam, replayed to the last bit
  $ marmalade doctor                   what is here, and what is missing
  $ marmalade start --detach           your own node
  $ marmalade generator publish @drums
  $ marmalade jam start friday
  $ marmalade play drums`

/**
 * The program with the commands of one word, since reading the code of all takes longer than most of them run; with every command where
 * there is no such word, for help and suggestions.
 */
export async function buildProgram(word?: string): Promise<Command> {
  const program = new Command('marmalade')
    .description('Make music together over any network, with no server.')
    .version(appVersion())
    .exitOverride()
    // What stands after the name of a command within a command is its own, `--json` too.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    // `report` says it, in one line.
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', FIRST_STEPS)
  const own = PARTS.filter(({ words }) => word !== undefined && words.includes(word))
  const parts = own.length > 0 ? own : PARTS
  for (const add of await Promise.all(parts.map(({ load }) => load()))) add(program)
  return program
}
