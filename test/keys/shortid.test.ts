import test from 'tape'
import { createHash } from 'node:crypto'
import { rawId } from '../../lib/base/index.ts'
import type { PlayerId } from '../../lib/base/index.ts'
import { ShortIds, generateIdentity, shortIdOf } from '../../lib/keys/index.ts'
import { vectors } from '../helpers/vectors.ts'

const { shortId, identities } = vectors('short-ids.json')
const [first, second] = identities as [PlayerId, PlayerId]

test('a short id is 8 characters of the hash of the public key', (t) => {
  for (let i = 0; i < 50; i++) {
    const { id } = generateIdentity(new Uint8Array(32).fill(i))
    const hashed = createHash('sha256').update(rawId(id)).digest('base64').slice(0, 8).split('/').join('_')
    t.equal(shortIdOf(id), hashed)
  }
  t.equal(shortIdOf(first), shortId)
  t.equal(shortIdOf(second), shortId, 'the vectors are two identities with one short id')
  t.notEqual(first, second)
  t.end()
})

test('the first verified keeps a shared short id', (t) => {
  const ids = new ShortIds()
  t.equal(ids.shown(first), first, 'an unknown identity is shown in full')
  t.equal(ids.resolve(shortId), undefined)
  ids.verified(second)
  ids.verified(first)
  ids.verified(second)
  t.equal(ids.shown(second), shortId)
  t.equal(ids.shown(first), first)
  t.equal(ids.resolve(shortId), second)
  t.end()
})

test('one that is followed takes it over, and gives it back', (t) => {
  const ids = new ShortIds()
  ids.verified(first)
  ids.verified(second)
  ids.followed(second)
  t.equal(ids.shown(second), shortId)
  t.equal(ids.shown(first), first)
  ids.followed(first)
  t.equal(ids.resolve(shortId), second, 'of two followed the one followed first')
  ids.unfollowed(second)
  t.equal(ids.resolve(shortId), first)
  ids.unfollowed(first)
  t.equal(ids.resolve(shortId), first, 'again the first verified')
  t.end()
})
