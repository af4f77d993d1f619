import test from 'tape'
import type { Crypto } from '../../lib/base/index.ts'
import { MAX_UNVERIFIED, authenticate } from '../../lib/feed/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { chain, identityNamed } from '../helpers/chains.ts'

const ada = identityNamed('ada')

/** Counts how many signatures are checked. */
function counting(): Crypto & { checks: number } {
  const counter = {
    checks: 0,
    sha256: (bytes: Uint8Array) => nodeCrypto.sha256(bytes),
    sha256Base64: (bytes: Uint8Array) => nodeCrypto.sha256Base64(bytes),
    verify: (...args: Parameters<Crypto['verify']>) => {
      counter.checks++
      return nodeCrypto.verify(...args)
    },
  }
  return counter
}

test('feed: a run costs one signature', (t) => {
  const crypto = counting()
  t.deepEqual(authenticate(chain(ada, 200, null), 0, crypto), { verified: 200, ended: false })
  t.equal(crypto.checks, 1)
  t.deepEqual(authenticate(chain(ada, 600, null), 0, crypto), { verified: 600, ended: false })
  t.equal(crypto.checks, 4, 'and a long one a signature for each 256 entries')
  t.end()
})

test('feed: where the last signature fails, earlier ones are tried backwards', (t) => {
  const crypto = counting()
  const entries = chain(ada, 10, null, { spoiled: (at) => at >= 7 })
  t.deepEqual(authenticate(entries, 0, crypto), { verified: 7, ended: false })
  t.equal(crypto.checks, 4)
  t.deepEqual(authenticate(chain(ada, 3, null, { spoiled: () => true }), 0, crypto), { verified: 0, ended: false })
  t.end()
})

test('feed: a verified entry makes those before it authentic', (t) => {
  const entries = chain(ada, 10, null, { spoiled: (at) => at > 2 && at < 9 })
  t.deepEqual(authenticate(entries, 0, nodeCrypto), { verified: 10, ended: false })
  const crypto = counting()
  t.deepEqual(authenticate(entries.slice(3), 4, crypto), { verified: 7, ended: false }, 'also those that waited')
  t.equal(crypto.checks, 3, 'whose own signatures are not checked again')
  t.end()
})

test('feed: 256 in a row without a signature do not end a feed, 257 do, however it is cut', (t) => {
  for (const bad of [MAX_UNVERIFIED, MAX_UNVERIFIED + 1]) {
    const good = 40
    const entries = chain(ada, good + bad + 300, null, { spoiled: (at) => at >= good && at < good + bad })
    const ends = bad > MAX_UNVERIFIED
    for (const cut of [1, 7, 100, 255, 256, 257, entries.length]) {
      let verified = 0
      let ended = false
      let waiting = 0
      for (let at = 0; at < entries.length && !ended; at += cut) {
        const upTo = Math.min(at + cut, entries.length)
        const result = authenticate(entries.slice(verified, upTo), waiting, nodeCrypto)
        verified += result.verified
        waiting = upTo - verified
        ended = result.ended
      }
      t.deepEqual(
        { ended, verified },
        { ended: ends, verified: ends ? good : entries.length },
        `${bad} in runs of ${cut}`,
      )
    }
  }
  t.end()
})
