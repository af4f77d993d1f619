import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatorIdOf, name as checkedName, type BlobId, type JamId } from '../../lib/base/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import type { SoundStatus } from '../../plugins/sound/index.ts'
import { archiveOf, assemble, fixture } from '../helpers/generators.ts'
import { codeOf } from '../helpers/hosts.ts'
import { barAhead, e2e, instanceNames, meet, startSounding, type NodeKit, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'
import { writeWithTarStream } from '../helpers/tar.ts'

const hostile = async (module: string): Promise<Uint8Array> =>
  assemble(await readFile(fixture('hostile', 'modules', `${module}.wat`), 'utf8'))

/** A generator's folder as its author has it. */
async function folderOf(kit: NodeKit, generator: string, wasm: Uint8Array): Promise<string> {
  const folder = join(await kit.folder(), generator)
  await mkdir(folder)
  await writeFile(
    join(folder, 'generator.json'),
    JSON.stringify({ name: generator, runtime: 'wasm', entry: 'main.wasm' }),
  )
  await writeFile(join(folder, 'main.wasm'), wasm)
  return folder
}

interface Stage {
  readonly ada: TestNode
  readonly ben: TestNode
  readonly jam: JamId
}

/** Ada's drums sound on both nodes. */
async function stage(kit: NodeKit): Promise<Stage> {
  const ada = await kit.node()
  const ben = await kit.node()
  await ada.publish('drums')
  await meet(ada, ben)
  const jam = await startSounding('friday', ada, ben)
  await ada.ask(jamsContract).perform.play({ generator: 'drums', on: await barAhead(ada, jam) })
  for (const node of [ada, ben]) await node.sounds('drums sound', (status) => instanceNames(status).join() === 'drums')
  return { ada, ben, jam }
}

const failed = ({ failures }: SoundStatus): Record<string, string> =>
  Object.fromEntries(failures.map(({ path, code }) => [path.slice(path.lastIndexOf('/') + 1), code]))

/** Drums are rendered still, and are to be heard. */
async function drumsGoOn(node: TestNode): Promise<SoundStatus> {
  const { frame: before = 0 } = await node.sound()
  return node.sounds(
    'drums go on',
    (status) =>
      (status.frame ?? 0) > before + 48_000 &&
      instanceNames(status).join() === 'drums' &&
      status.instances.some(({ peak }) => peak > 0.001),
  )
}

e2e(
  'what runs for ever or reaches out of its memory ends alone, on every node, while the rest sounds on',
  async (t, kit) => {
    const { ada, ben, jam } = await stage(kit)
    await ben.publish(await folderOf(kit, 'loop', await hostile('loop-in-process')))
    await ben.publish(await folderOf(kit, 'reach', await hostile('store-outside')))
    for (const generator of ['loop', 'reach']) {
      await ben.ask(jamsContract).perform.play({ generator, on: await barAhead(ben, jam) })
    }
    for (const node of [ada, ben]) {
      const status = await node.sounds('both have failed', ({ failures }) => failures.length >= 2)
      t.deepEqual(failed(status), { loop: 'GENERATOR_RAN_AWAY', reach: 'GENERATOR_TRAPPED' })
      await drumsGoOn(node)
    }
    t.equal((await ada.sound()).failures.length, 2, 'each once')
  },
)

e2e('what other nodes would refuse is refused when it is published', async (t, kit) => {
  const ada = await kit.node()
  for (const [module, code] of [
    ['memory-huge', 'WASM_MEMORY_REFUSED'],
    ['memory-unbounded', 'WASM_MEMORY_REFUSED'],
    ['import-foreign', 'WASM_IMPORT_REFUSED'],
    ['start-function', 'WASM_SECTION_REFUSED'],
  ] as const) {
    t.equal(await codeOf(ada.publish(await folderOf(kit, 'bad', await hostile(module)))), code, module)
  }
  t.deepEqual(await ada.ask(generatorsContract).generators(), [], 'nothing of it is in the feed')
})

e2e('an author who checks nothing is refused by every node that is to play it', async (t, kit) => {
  const { ada, ben, jam } = await stage(kit)
  const climbing = await writeWithTarStream([
    { name: 'generator.json', content: JSON.stringify({ name: 'climb', runtime: 'wasm', entry: 'main.wasm' }) },
    { name: '../main.wasm', content: 'x' },
  ])
  const archives: [generator: string, archive: Uint8Array, code: string][] = [
    ['huge', archiveOf(await hostile('memory-huge')), 'WASM_MEMORY_REFUSED'],
    ['foreign', archiveOf(await hostile('import-foreign')), 'WASM_IMPORT_REFUSED'],
    ['climb', climbing, 'ARCHIVE_PATH_REFUSED'],
    ['torn', archiveOf(await hostile('loop-in-process')).subarray(0, 200), 'ARCHIVE_CORRUPT'],
  ]
  const expected: Record<BlobId, string> = {}
  for (const [generator, archive, code] of archives) {
    const id = await ben.publishUnchecked(generator, archive)
    expected[id] = code
    const at = (Number(await barAhead(ben, jam)) - 1) * 3_840
    const own = generatorIdOf(ben.id, checkedName(generator))
    await ben.write({ type: 'play', jam, generator: own, archive: id, instance: generator, at, on: 'bar' })
  }
  for (const node of [ada, ben]) {
    const { failures } = await node.sounds('all are refused', (status) => status.failures.length >= archives.length)
    t.deepEqual(Object.fromEntries(failures.map(({ path, code }) => [path, code])), expected)
    const status = await drumsGoOn(node)
    t.deepEqual(instanceNames(status), ['drums'])
  }
  const shown = ada.ask(generatorsContract).authoring.show({ generator: `${ben.id}:climb` })
  t.equal(await codeOf(shown), 'ARCHIVE_PATH_REFUSED', 'it is not taken apart for a look either')
  await until('nothing is waited for', async () => (await ada.sound()).waitingFor.length === 0)
})
