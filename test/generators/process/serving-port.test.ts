import { randomUUID } from 'node:crypto'
import test from 'tape'
import { ServingPort } from '../../../lib/generators/process/node/serving-port.ts'

test('what one thread tells comes to the others as well, which let it go', (t) => {
  const link = { channel: `test ${randomUUID()}`, pace: 'live' } as const
  const [a, b] = [new ServingPort(link), new ServingPort(link)]
  t.equal(b.clear(), 0, 'nothing where nothing was told')
  b.post({ kind: 'wake' })
  for (let i = 0; i < 3; i++) a.post({ kind: 'wake' })
  t.equal(b.clear(), 3)
  t.equal(b.clear(), 0)
  t.equal(a.clear(), 0, 'nor its own')
  t.end()
})
