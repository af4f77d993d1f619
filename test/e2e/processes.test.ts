import { existsSync, readdirSync } from 'node:fs'
import { readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlobId } from '../../lib/base/index.ts'
import { Context } from '../../bin/cli/context.ts'
import { openJamSource } from '../../bin/cli/jam-source.ts'
import { unpackOwner } from '../../lib/generators/process/node/folders.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import type { SoundStatus } from '../../plugins/sound/index.ts'
import { barAhead, e2e, instanceNames, meet, startSounding, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'
import { canRun, isBelow, ownEntry, renamed, running } from '../helpers/processes.ts'

e2e("somebody's process runs where its archive is allowed or its author trusted, and nowhere else", async (t, kit) => {
  if (!(await canRun(t))) return
  const ada = await kit.node()
  const ben = await kit.node()
  const [hum, ticks] = [ownEntry('hum.py'), ownEntry('ticks.sh')]
  const folder = await kit.folder()
  const { archive } = await ada.publish(await renamed('hum', hum, folder))
  await ada.publish(await renamed('ticks', ticks, folder))
  await meet(ada, ben)
  const jam = await startSounding('friday', ada, ben)
  for (const generator of ['hum', 'ticks'])
    await ada.ask(jamsContract).perform.play({ generator, on: await barAhead(ada, jam) })
  const both = (names: string): boolean => names === 'hum,ticks'
  await ada.sounds('its own are heard', (status) => both(instanceNames(status).sort().join()))
  const { failures } = await ben.sounds('both are refused', (status) => status.failures.length >= 2)
  t.deepEqual(
    failures.map(({ code }) => code),
    ['GENERATOR_NOT_ALLOWED', 'GENERATOR_NOT_ALLOWED'],
  )
  await ben.ask(generatorsContract).authoring.allow({ archive })
  await ben.sounds('what is allowed is heard', (status) => instanceNames(status).join() === 'hum')
  await ben.ask(feedsContract).feeds.trust({ player: ada.id, on: true })
  const heard = await ben.sounds(
    'and of whom is trusted all',
    (status) => both(instanceNames(status).sort().join()) && status.instances.every(({ peak }) => peak > 0.01),
  )
  t.ok(heard.instances.length === 2)
  t.ok(running(hum).length >= 2, 'one on each node')
  const { takes } = ben.node.home
  await ben.node.close()
  await ada.node.close()
  await until('all are gone', () => running(hum).length + running(ticks).length === 0)
  const lines = await ben.takeLines()
  const kept = lines.filter(({ kind }) => kind === 'pcm')
  t.ok(kept.some(({ path }) => String(path).endsWith('hum')) && kept.some(({ path }) => String(path).endsWith('ticks')))
  const pcm = readdirSync(takes, { recursive: true, encoding: 'utf8' }).find((file) => file.endsWith('.take.pcm'))
  t.ok(pcm !== undefined && existsSync(join(takes, pcm)), 'beside the take')
  t.equal(lines.at(-1)?.['kind'], 'close', 'the take is whole')
  t.ok((await readFile(join(ben.node.home.path, 'allowed.json'), 'utf8')).includes(archive))
})

/** Reads what may run offline, as a replay does that opens the home itself. */
async function mayRunOffline(home: string, archive: BlobId): Promise<boolean> {
  const source = await openJamSource(new Context({ home }), undefined)
  try {
    return await source.mayRun(archive)
  } finally {
    await source.close()
  }
}

e2e(
  'what may run no more ends and starts no more: revoked, no longer trusted, blocked; live and offline',
  async (t, kit) => {
    if (!(await canRun(t))) return
    const ada = await kit.node()
    const ben = await kit.node()
    const entry = ownEntry('hum.py')
    const { archive } = await ada.publish(await renamed('hum', entry, await kit.folder()))
    await meet(ada, ben)
    await startSounding('friday', ada, ben)
    const { allow } = ben.ask(generatorsContract).authoring
    const { trust, block } = ben.ask(feedsContract).feeds
    const plays = ada.ask(jamsContract).perform
    const runsBelow = async (node: TestNode): Promise<boolean> => {
      const { engine = 0 } = await node.sound()
      return running(entry).some((pid) => isBelow(pid, engine))
    }
    let number = 0
    /** Ada plays on; Ben hears it, and then, whatever is done, no more. */
    const endsBy = async (what: string, act: () => Promise<unknown>): Promise<void> => {
      const name = `hum${++number}`
      await plays.play({ generator: 'hum', as: name, on: 'now' })
      await ben.sounds(`${name} is heard`, (status) => instanceNames(status).join() === name)
      await until('Ben runs it', () => runsBelow(ben))
      await until('and Ada', () => runsBelow(ada))
      await act()
      const { failures } = await ben.sounds(`${what}: it ends`, (status) => status.instances.length === 0)
      const failure = failures.find(({ path }) => path.endsWith(`/${name}`))
      t.equal(failure?.code, 'GENERATOR_NOT_ALLOWED', what)
      await until('Ben runs it no more', async () => !(await runsBelow(ben)))
      t.ok(await runsBelow(ada), 'Ada does')
      await plays.play({ generator: 'hum', as: `late${number}`, on: 'now' })
      await ada.sounds('Ada hears the next', (status) => instanceNames(status).includes(`late${number}`))
      if (ben.node.host.connectionTo(ada.id)) await ben.caughtUpWith(ada)
      await plays.stop({ instance: name, on: 'now' })
      await plays.stop({ instance: `late${number}`, on: 'now' })
      await ada.sounds('and none', (status) => status.instances.length === 0)
    }
    await allow({ archive })
    await endsBy('revoked', () => allow({ archive, on: false }))
    await trust({ player: ada.id, on: true })
    await endsBy('no longer trusted', () => trust({ player: ada.id, on: false }))
    await trust({ player: ada.id, on: true })
    await endsBy('blocked', () => block({ player: ada.id, on: true }))
    const started = (await ben.takeLines()).filter(({ kind }) => kind === 'started')
    t.deepEqual(
      started.map(({ path }) => String(path).split('/')[2]),
      ['hum1', 'hum2', 'hum3'],
      'nothing that was not allowed started',
    )
    await ben.node.close()
    t.notOk(await mayRunOffline(ben.node.home.path, archive), 'a trusted player who is blocked, offline')
  },
)

e2e('what an engine that is killed had unpacked goes with the next, and nothing else', async (t, kit) => {
  if (!(await canRun(t))) return
  const ada = await kit.node()
  const prefix = `marmalade-generators-${unpackOwner(ada.id, ada.node.home.takes)}-`
  const unpacked = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith(prefix))
  const link = join(tmpdir(), `${prefix}AAAAAA`)
  const kept = await kit.folder()
  await symlink(kept, link)
  t.teardown(() => rm(link, { force: true }))
  await ada.publish('hum')
  await startSounding('friday', ada)
  await ada.ask(jamsContract).perform.play({ generator: 'hum', on: 'now' })
  const heard = ({ instances }: SoundStatus): boolean => instances.some(({ peak }) => peak > 0.01)
  const { engine = 0 } = await ada.sounds('it is heard', heard)
  const before = unpacked()
  t.equal(before.length, 2, 'a folder, and a link that somebody else made')
  process.kill(engine, 'SIGKILL')
  const after = await until(
    'another engine has unpacked it',
    () => unpacked(),
    (names) => names.some((name) => !before.includes(name)),
  )
  t.deepEqual(
    after.filter((name) => before.includes(name)),
    [`${prefix}AAAAAA`],
    'and removed what the first had',
  )
  t.ok(existsSync(kept), 'what the link leads to stays')
  await ada.node.close()
  t.deepEqual(unpacked(), [`${prefix}AAAAAA`])
})
