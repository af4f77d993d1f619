import test from 'tape'
import {
  blobIdOf,
  entryKeyOf,
  generatorIdOf,
  hasCode,
  isBlobId,
  isEntryKey,
  isGeneratorId,
  isJamId,
  isName,
  isPlayerId,
  isPlayerRef,
  jamIdOf,
  name,
  ownedParts,
  playerIdOf,
  playerOfRef,
  rawId,
  refOf,
  splitOwned,
} from '../../lib/base/index.ts'
import type { JamId } from '../../lib/base/index.ts'

const raw = new Uint8Array(32).map((_, i) => 255 - i)

test('ids are made of 32 bytes and give them back', (t) => {
  const [player, entry, blob] = [playerIdOf(raw), entryKeyOf(raw), blobIdOf(raw)]
  t.equal(player, `@${Buffer.from(raw).toString('base64')}.ed25519`)
  for (const id of [player, entry, blob]) t.deepEqual(rawId(id), raw)
  t.equal(refOf(player), Buffer.from(raw).toString('base64url'))
  t.equal(playerOfRef(refOf(player)), player)
  t.ok(isPlayerId(player) && isEntryKey(entry) && isBlobId(blob) && isPlayerRef(refOf(player)))
  t.notOk(isPlayerId(entry) || isEntryKey(blob) || isBlobId(player) || isPlayerRef(player))
  t.end()
})

test('ids have one spelling', (t) => {
  const good = playerIdOf(raw)
  const spoiled = [
    good.replace('=', ''),
    good.replace('.ed25519', '.ED25519'),
    good + ' ',
    good + '\n',
    ' ' + good,
    good.slice(1),
    good.replaceAll('/', '_'),
    good.slice(0, 43) + String.fromCharCode(good.charCodeAt(43) + 1) + good.slice(44),
    '@.ed25519',
    '@ed25519',
    '',
  ]
  for (const text of spoiled) t.notOk(isPlayerId(text), JSON.stringify(text))
  for (const value of [undefined, null, 5, {}, [good]]) t.notOk(isPlayerId(value))
  t.end()
})

test('names', (t) => {
  for (const good of ['a', '0', 'first-light', 'a.b_c-d', 'x'.repeat(64)]) t.ok(isName(good), good)
  for (const bad of ['', 'A', '.a', '-a', '_a', 'a/b', 'a:b', 'a b', 'ä', 'a\n', 'x'.repeat(65), '__proto__', 5])
    t.notOk(isName(bad), JSON.stringify(bad))
  t.equal(name('drums'), 'drums')
  try {
    name('Drums')
    t.fail('NAME_INVALID expected')
  } catch (error) {
    t.ok(hasCode(error, 'NAME_INVALID'))
  }
  t.end()
})

test('jams and generators belong to an identity', (t) => {
  const owner = playerIdOf(raw)
  const jam = jamIdOf(owner, name('first-light'))
  t.equal(jam, `${owner}:first-light`)
  t.ok(isJamId(jam) && isGeneratorId(generatorIdOf(owner, name('drums'))))
  t.deepEqual(ownedParts(jam), { owner, name: 'first-light' })
  for (const bad of [owner, `${owner}:`, `${owner}:A`, `${owner}:a:b`, ':a', 'a:b', '', undefined])
    t.equal(splitOwned(bad), undefined, JSON.stringify(bad))
  try {
    ownedParts('nonsense' as JamId)
    t.fail('ID_INVALID expected')
  } catch (error) {
    t.ok(hasCode(error, 'ID_INVALID'))
  }
  t.end()
})
