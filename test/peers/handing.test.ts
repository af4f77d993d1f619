import test from 'tape'
import { toHandOut } from '../../lib/peers/index.ts'

const at = (address: string, internal = false) => [{ address, internal }]
const net = (host: string): string => `net:${host}:2468~shs:key=`

test('addresses to hand out: no bridges to containers, the loopback only where there is nothing else', (t) => {
  const interfaces = {
    lo: [...at('127.0.0.1', true), ...at('::1', true)],
    eth0: at('192.168.1.7'),
    wg0: at('fd00::7'),
    docker0: at('172.17.0.1'),
    'br-3fa901c2': at('172.18.0.1'),
  }
  const far = ['my.host.example', '192.168.1.7', '[fd00::7]'].map(net)
  const near = ['127.0.0.1', '[::1]'].map(net)
  t.deepEqual(toHandOut([...far, ...['172.17.0.1', '172.18.0.1'].map(net), ...near], interfaces), far)
  t.deepEqual(toHandOut([net('172.17.0.1'), ...near], interfaces), near, 'a machine without a network')
  t.deepEqual(toHandOut([], interfaces), [])
  t.end()
})
