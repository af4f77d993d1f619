import { createHash } from 'node:crypto'
import test from 'tape'
import type { BlobId, JamId, Name, PlayerRef } from '../../lib/base/index.ts'
import { type SeedInput, seedOf } from '../../lib/generators/index.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const INPUT: SeedInput = {
  jam: '@AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=.ed25519:first-light' as JamId,
  player: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' as PlayerRef,
  archive: '&AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=.sha256' as BlobId,
  instance: 'drums-2' as Name,
}

test('a seed is what sha256sum says', (t) => {
  // printf 'marmalade/1 seed\0@AAAA…=.ed25519:first-light\0AAAA…\0&AQEB…=.sha256\0drums-2' | sha256sum: begins with 22c666a7e7e44b48
  t.deepEqual(seedOf(INPUT, sha256), [-1486436830, 1212933351])
  t.end()
})

test('each part of it counts, and they do not run into each other', (t) => {
  const others = [
    { ...INPUT, jam: `${INPUT.jam}2` as JamId },
    { ...INPUT, player: 'AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE' as PlayerRef },
    { ...INPUT, archive: '&AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=.sha256' as BlobId },
    { ...INPUT, instance: 'drums-3' as Name },
  ]
  const seeds = new Set([INPUT, ...others].map((input) => seedOf(input, sha256).join()))
  t.equal(seeds.size, 5)
  t.end()
})
