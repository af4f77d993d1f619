import { Command } from 'commander'
import { appVersion } from '../../plugins/run.ts'
import { addConnect } from '../commands/connect.ts'
import { addDemo } from '../commands/demo.ts'
import { addExport } from '../commands/export.ts'
import { addFeed } from '../commands/feed.ts'
import { addFeeds } from '../commands/feeds.ts'
import { addFollow } from '../commands/follow.ts'
import { addGenerator } from '../commands/generator.ts'
import { addImport } from '../commands/import.ts'
import { addJam } from '../commands/jam.ts'
import { addMix } from '../commands/mix.ts'
import { addName } from '../commands/name.ts'
import { addParam } from '../commands/param.ts'
import { addPlay } from '../commands/play.ts'
import { addReplay } from '../commands/replay.ts'
import { addSay } from '../commands/say.ts'
import { addShutdown } from '../commands/shutdown.ts'
import { addStart } from '../commands/start.ts'
import { addStatus } from '../commands/status.ts'
import { addStop } from '../commands/stop.ts'
import { addTag } from '../commands/tag.ts'
import { addVerify } from '../commands/verify.ts'
import { addWhoami } from '../commands/whoami.ts'

/** Every command, in the order in which help shows them. */
export function buildProgram(): Command {
  const program = new Command('marmalade')
    .description('Make music together over any network, with no server.')
    .version(appVersion())
    .exitOverride()
    .showSuggestionAfterError()
    // `report` says it, in one line.
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      'after',
      '\nFirst steps:\n  $ marmalade demo                     two players, one jam, replayed to the last bit\n  $ marmalade start --detach           your own node\n  $ marmalade generator publish @drums\n  $ marmalade jam start friday\n  $ marmalade play drums',
    )
  const all = [
    addDemo,
    addStart,
    addShutdown,
    addStatus,
    addWhoami,
    addName,
    addFollow,
    addFeeds,
    addFeed,
    addConnect,
    addGenerator,
    addJam,
    addPlay,
    addStop,
    addParam,
    addTag,
    addSay,
    addMix,
    addReplay,
    addExport,
    addImport,
    addVerify,
  ]
  for (const add of all) add(program)
  return program
}
