import test from 'tape'
import type { MixTarget } from '../../lib/mix/index.ts'
import { OwnMix } from '../../plugins/sound/own-mix.ts'

const DRUMS: MixTarget = { kind: 'track', track: 'drums' }
const BASS: MixTarget = { kind: 'track', track: 'bass' }

test('an engine that starts anew is told what one that died was asked for and never did', (t) => {
  const mix = new OwnMix()
  mix.asked(DRUMS, { gain: -6 })
  mix.took({ frame: 128, target: DRUMS, setting: { gain: -6 } })
  mix.asked(DRUMS, { mute: true })
  mix.asked(BASS, { pan: 0.5 })
  const told = mix.acts.map(({ target, setting }) => ({ target, setting }))
  t.deepEqual(told, [
    { target: DRUMS, setting: { gain: -6 } },
    { target: DRUMS, setting: { mute: true } },
    { target: BASS, setting: { pan: 0.5 } },
  ])
  const before = mix.settings()
  for (const { target, setting } of told) mix.took({ frame: 256, target, setting })
  t.deepEqual(mix.settings(), before, 'which comes to what is said to hold')
  t.equal(mix.acts.length, 2, 'and nothing waits any more')
  t.end()
})
