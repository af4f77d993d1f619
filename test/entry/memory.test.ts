import test from 'tape'
import { generateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import { parseEntry, signEntry } from '../../lib/entry/index.ts'
import { inUse } from '../helpers/heap.ts'

test('who keeps the ids of an entry does not keep its text', async (t) => {
  const ada = generateIdentity(new Uint8Array(32).fill(1))
  const payload = { type: 't', text: 'x'.repeat(14_000) }
  const fields = { identity: ada.id, parent: null, comparable: 1, synod: null, payload }
  const first = signEntry(fields, ada.signer, nodeCrypto)
  const { bytes } = signEntry({ ...fields, parent: first.key, synod: [ada.id, first.key] }, ada.signer, nodeCrypto)
  const kept: unknown[] = []
  const before = (await inUse()).heap
  for (let i = 0; i < 1000; i++) {
    const parsed = parseEntry(bytes, nodeCrypto)
    if (parsed.ok) kept.push(parsed.entry.identity, parsed.entry.parent, parsed.entry.key, parsed.entry.synod)
  }
  const each = ((await inUse()).heap - before) / 1000
  t.equal(kept.length, 4000)
  t.ok(each < 2000, `${each.toFixed()} bytes for five ids`)
})
