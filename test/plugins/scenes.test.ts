import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { name as checkedName } from '../../lib/base/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract, type MixRow } from '../../plugins/sound/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

const [quiet, other, scene] = [checkedName('quiet'), checkedName('other'), checkedName('scene')]

const shown = (rows: readonly MixRow[]): Record<string, unknown> =>
  Object.fromEntries(
    rows.map(({ shown: target, gain, pan, mute, solo }) => [
      target.replace(/^.*:(a|b)$/, '$1'),
      [gain, pan, mute, solo],
    ]),
  )

async function start(node: TestNode, name: string, ...instances: string[]): Promise<void> {
  const { jam, perform } = node.ask(jamsContract)
  await jam.start({ name, tempo: 300 })
  await node.sounds('it renders', (status) => status.jam?.endsWith(`:${name}`) === true && status.frame !== undefined)
  for (const as of instances) await perform.play({ generator: 'drums', as })
}

e2e('scenes: what is kept is recalled, all else is plain, whoever is not there is passed over', async (t, kit) => {
  const first = await kit.node()
  const { home } = first.node
  const { mix } = first.ask(soundContract)
  await first.publish('drums')
  t.deepEqual(await mix.scenes(), [], 'none before the first')
  t.equal(await codeOf(mix.save({ name: quiet })), 'NOT_SOUNDING')
  await start(first, 'one', 'a', 'b')
  await mix.set({ target: 'a', gain: -6, pan: -0.5 })
  await mix.set({ target: 'track:drums', mute: true })
  await mix.set({ target: 'return:room', gain: -3 })
  t.deepEqual(await mix.save({ name: quiet }), { name: quiet, settings: 3 })
  await mix.set({ target: 'track:drums', mute: false })
  await mix.set({ target: 'b', solo: true })
  await mix.set({ target: 'a', gain: 2 })
  await mix.save({ name: other })
  t.deepEqual(shown(await mix.settings()), {
    a: [2, -0.5, false, false],
    'return:room': [-3, 0, false, false],
    b: [0, 0, false, true],
  })
  t.deepEqual(await mix.recall({ name: quiet }), { name: quiet, settings: 3, reset: 1, missing: [] })
  const kept = {
    a: [-6, -0.5, false, false],
    'track:drums': [0, 0, true, false],
    'return:room': [-3, 0, false, false],
  }
  t.deepEqual(shown(await mix.settings()), kept)
  const takes = await until(
    'the take holds what was recalled',
    () => first.takeLines(),
    (lines) => lines.filter((line) => line['kind'] === 'mix').length >= 10,
  )
  t.deepEqual(takes.findLast((line) => line['kind'] === 'mix')?.['setting'], {
    gain: 0,
    pan: 0,
    mute: false,
    solo: false,
  })
  t.equal(await codeOf(mix.recall({ name: scene })), 'SCENE_UNKNOWN')
  await first.node.close()

  const again = await kit.node({ home: home.path })
  const { mix: later } = again.ask(soundContract)
  t.deepEqual(await later.scenes(), [
    { name: quiet, settings: 3 },
    { name: other, settings: 3 },
  ])
  await again.sounds('an engine renders', (status) => status.frame !== undefined)
  await later.recall({ name: quiet })
  t.deepEqual(shown(await later.settings()), kept, 'a node that starts anew has them')
  await start(again, 'two', 'b')
  const recalled = await later.recall({ name: quiet })
  t.deepEqual([recalled.settings, recalled.missing.length], [2, 1], 'the other jam has no a')
  t.ok(recalled.missing[0]?.endsWith(':a'))
  await later.forget({ name: other })
  t.equal(await codeOf(later.forget({ name: other })), 'SCENE_UNKNOWN')
  t.deepEqual(await later.scenes(), [{ name: quiet, settings: 3 }])
})

e2e('scenes: their number is bounded, and a file that is none is said and left', async (t, kit) => {
  const node = await kit.node()
  const { mix } = node.ask(soundContract)
  await start(node, 'full')
  for (let i = 0; i < 64; i++) await mix.save({ name: checkedName(`s${i}`) })
  t.equal(await codeOf(mix.save({ name: scene })), 'SCENES_FULL')
  t.equal((await mix.save({ name: checkedName('s7') })).settings, 0, 'one that is there is kept anew')
  await node.node.close()

  const file = join(node.node.home.path, 'scenes.json')
  t.ok((await readFile(file, 'utf8')).includes('"s63"'))
  const broken = '{"scenes":[{"name":"../x","settings":[]}]}'
  await writeFile(file, broken)
  const again = await kit.node({ home: node.node.home.path })
  const { mix: later } = again.ask(soundContract)
  t.equal(await codeOf(later.scenes()), 'CONFIG_INVALID')
  t.equal(await codeOf(later.forget({ name: scene })), 'CONFIG_INVALID')
  t.equal(await readFile(file, 'utf8'), broken)
  await writeFile(file, '{"scenes":[]}')
  t.deepEqual(await later.scenes(), [], 'once it is mended it is read')
})
