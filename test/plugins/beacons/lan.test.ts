import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import test from 'tape'
import { connectLocal } from '../../../lib/host/index.ts'
import { homeAt } from '../../../lib/store/index.ts'
import { connectionsContract } from '../../../plugins/connections/index.ts'
import { nodeContract } from '../../../plugins/node/index.ts'
import { Teardown } from '../../helpers/hosts.ts'
import { ended, hindrance, lan } from '../../helpers/lan.ts'
import { PROGRAM } from '../../helpers/programs.ts'
import { eventually } from '../../helpers/until.ts'

async function start(down: Teardown, namespace: string, home: string): Promise<string> {
  const args = ['netns', 'exec', namespace, process.execPath, PROGRAM, 'start', '--json', '--sink', 'null']
  const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, MARMALADE_HOME: home } })
  down.add(child, ended)
  const said: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line))
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', () => reject(new Error(`the node ended: ${said.slice(-5).join(' / ')}`)))
  })
  return (JSON.parse(line) as { identity: string }).identity
}

const skip = hindrance() ?? false

for (const [family, what] of [
  [4, 'IPv4 alone'],
  [6, 'link-local IPv6 alone'],
] as const) {
  test(`two nodes on one LAN find each other with no configuration: ${what}`, { skip }, async (t) => {
    const down = new Teardown()
    try {
      const namespaces = lan(down, family)
      const homes = [`${await down.folder()}/ada`, `${await down.folder()}/ben`]
      const ids = await Promise.all(namespaces.map((name, at) => start(down, name, homes[at] ?? '')))
      const seen = await Promise.all(
        homes.map(async (home, at) => {
          const node = down.add(await connectLocal(homeAt(home).socket), (it) => it.close())
          const { since } = await node.remote(nodeContract).node.status()
          const [link] = await eventually(
            'a link',
            () => node.remote(connectionsContract).connections.list(),
            (links) => links.length > 0,
          )
          t.equal(link?.player, ids[1 - at], 'the other one')
          return { since, linked: link?.since ?? Infinity }
        }),
      )
      const both = Math.max(...seen.map(({ since }) => since))
      const millis = Math.max(...seen.map(({ linked }) => linked)) - both
      t.comment(`linked ${millis} ms after the second node was started`)
      t.ok(millis < 3_000, `${millis} ms`)
    } finally {
      await down.run()
    }
  })
}
