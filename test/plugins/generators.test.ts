import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e } from '../helpers/node-kit.ts'

e2e('process archives run where their hash is allowed, which is remembered', async (t, kit) => {
  const ada = await kit.node()
  const { archive } = await ada.publish('arp')
  t.deepEqual(await ada.ask(generatorsContract).authoring.allow({ archive }), { allowed: [archive] })
  await ada.node.close()
  const again = await kit.node({ home: ada.node.home.path })
  const other = (await again.publish('bass')).archive
  const { allowed } = await again.ask(generatorsContract).authoring.allow({ archive: other })
  t.deepEqual([...allowed].sort(), [archive, other].sort())
  await again.node.close()
  await writeFile(join(again.node.home.path, 'allowed.json'), '{ no list')
  t.equal(await codeOf(kit.node({ home: again.node.home.path })), 'CONFIG_INVALID')
})
