import { mkdir, writeFile } from 'node:fs/promises'
import { isListening } from '../../lib/host/index.ts'
import { homeAt } from '../../lib/store/index.ts'
import { withNodes } from '../helpers/program-nodes.ts'
import { asked, marmalade } from '../helpers/programs.ts'

/** Read by every process before its program: the machine is on one network and has two bridges. */
const INTERFACES = `
import os from 'node:os'
import { syncBuiltinESMExports } from 'node:module'
const at = (address, internal = false) => [{ address, internal, family: 'IPv4', netmask: '255.255.255.0', mac: '00:00:00:00:00:00', cidr: address + '/24' }]
os.networkInterfaces = () => ({
  lo: at('127.0.0.1', true), eth0: at('192.0.2.7'), docker0: at('172.17.0.1'), 'br-3fa901c2': at('172.18.0.1'),
})
syncBuiltinESMExports()`

withNodes('whoami: words leave out bridges to containers, --json has every address', async (t, nodes) => {
  const home = await nodes.place('ada')
  const preload = await nodes.place('interfaces.mjs')
  await mkdir(home)
  await writeFile(homeAt(home).config, '{ "beacons": "off", "host": "0.0.0.0", "port": 0, "sink": "null" }')
  await writeFile(preload, INTERFACES)
  const before = process.env['NODE_OPTIONS']
  nodes.add(before, () => {
    if (before === undefined) Reflect.deleteProperty(process.env, 'NODE_OPTIONS')
    else process.env['NODE_OPTIONS'] = before
  })
  process.env['NODE_OPTIONS'] = `--import=${preload}`
  nodes.add(home, async () => {
    if (await isListening(homeAt(home).socket)) await marmalade(['shutdown'], { home })
  })
  await asked(['start', '--detach'], { home })
  const { addresses } = await asked<{ addresses: string[] }>(['whoami'], { home })
  const hosts = (texts: readonly string[]): string[] => texts.flatMap((text) => /^net:(.*):\d+~/.exec(text)?.[1] ?? [])
  t.deepEqual(hosts(addresses).sort(), ['127.0.0.1', '172.17.0.1', '172.18.0.1', '192.0.2.7'])
  const { stdout } = await marmalade(['whoami'], { home })
  t.deepEqual(hosts(stdout.split('\n')), ['192.0.2.7'])
})
