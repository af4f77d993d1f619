import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { barAhead, e2e, instanceNames, meet, startSounding, until } from '../helpers/node-kit.ts'
import { canRun, running } from '../helpers/processes.ts'

e2e("somebody's process runs where its archive is allowed or its author trusted, and nowhere else", async (t, kit) => {
  if (!(await canRun(t))) return
  const ada = await kit.node()
  const ben = await kit.node()
  const { archive } = await ada.publish('hum')
  await ada.publish('ticks')
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
  t.ok(running('/gen/hum.py').length >= 2, 'one on each node')
  const { takes } = ben.node.home
  await ben.node.close()
  await ada.node.close()
  await until('all are gone', () => running('/gen/hum.py').length + running('/gen/ticks.sh').length === 0)
  const lines = await ben.takeLines()
  const kept = lines.filter(({ kind }) => kind === 'pcm')
  t.ok(kept.some(({ path }) => String(path).endsWith('hum')) && kept.some(({ path }) => String(path).endsWith('ticks')))
  const folder = readdirSync(takes, { recursive: true, encoding: 'utf8' }).find((file) => file.endsWith('.take.pcm'))
  t.ok(folder !== undefined && existsSync(join(takes, folder)), 'beside the take')
  t.equal(lines.at(-1)?.['kind'], 'close', 'the take is whole')
  t.ok((await readFile(join(ben.node.home.path, 'allowed.json'), 'utf8')).includes(archive))
})
