import { constants, setPriority } from 'node:os'
import type { Command } from 'commander'
import { MarmaladeError, name as checkedName, type Name } from '../../lib/base/index.ts'
import { isRefused, MANIFEST_FILE, parseManifest } from '../../lib/generators/index.ts'
import { readGenerator } from '../../lib/generators/node/folder.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { act, addCommand, settingOf, textOption } from '../cli/context.ts'
import { folderOf } from '../cli/generator-source.ts'
import { addJamOption } from '../cli/place.ts'
import { DevSession } from '../dev/session.ts'
import { hasScreen, plainView, screenView } from '../dev/view.ts'

export function addDev(generator: Command): void {
  const command = addJamOption(
    addCommand(generator, {
      usage: 'dev <folder>',
      summary: 'hear a generator in the running jam while you write it: you alone, anew with each save',
      examples: [
        'generator dev ./my-bass',
        'generator dev ./my-bass --jam friday --as bass --param cutoff=800',
        'generator dev ./my-bass --json',
      ],
    }),
  )
    .option('--as <name>', 'what to call it in the jam (default: its own name)')
    .option('--param <name=number...>', 'parameters it is played with')
    .description(
      'hear a generator in the running jam while you write it: you alone, anew from the next bar on with each save. p publishes it and plays it for everybody, r builds it again, q ends',
    )
  act(command, async (context, [source = ''], options) => {
    giveWay()
    const folder = folderOf(source)
    const as = textOption(options['as'])
    const jam = textOption(options['jam'])
    const params = Array.isArray(options['param']) ? (options['param'] as string[]).map(settingOf) : []
    const generator = await nameIn(folder)
    const me = await (await context.node(playersContract)).whoami()
    const jams = await context.node(jamsContract)
    if (jam !== undefined && !(await jams.jam.show({ jam })).current)
      throw new MarmaladeError('NOT_SOUNDING', `${jam} does not sound on this node: it is not the jam joined last`)
    const deeds = {
      publish: () => void session.publish(),
      again: () => session.again(),
      end: () => session.end(),
    }
    const isPlain = context.json || !hasScreen()
    const view = isPlain ? plainView(context.json, deeds) : screenView(() => session, deeds)
    const session = new DevSession({
      folder,
      name: as === undefined ? generator : checkedName(as),
      asked: as !== undefined,
      generator,
      params: Object.fromEntries(params),
      player: me.identity,
      jam,
      sound: await context.node(soundContract),
      jams,
      generators: await context.node(generatorsContract),
      tell: (event) => view.tell(event),
    })
    try {
      await session.run()
    } finally {
      view.close()
    }
  })
}

/** What builds goes behind what sounds: the compiler that this starts too. */
function giveWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // Where the system does not let it, the look-ahead of the engine has to do.
  }
}

/** How a folder's generator is called. @throws MANIFEST_MISSING, MANIFEST_INVALID, and as `readGenerator` does */
async function nameIn(folder: string): Promise<Name> {
  const json = (await readGenerator(folder)).find(({ path }) => path === MANIFEST_FILE)
  if (!json)
    throw new MarmaladeError(
      'MANIFEST_MISSING',
      `${folder} has no ${MANIFEST_FILE}: \`generator new\` makes a folder with one`,
    )
  const manifest = parseManifest(json.bytes)
  if (isRefused(manifest)) throw new MarmaladeError(manifest.code, manifest.message)
  return manifest.name
}
