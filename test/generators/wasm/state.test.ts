import test from 'tape'
import { createWasmVoice, isRefused, prepareGenerator, type WasmVoice } from '../../../lib/generators/index.ts'
import { archiveOf, assemble, generatorWat, good, TestTags } from '../../helpers/generators.ts'

/** A module whose state calls are as given, by name. */
const withCalls = (calls: Readonly<Record<string, string>>): Promise<Uint8Array> => {
  const types: Readonly<Record<string, string>> = {
    mm_save: '(result i32)',
    mm_state: '(param i32) (result i32)',
    mm_load: '(param i32) (result i32)',
  }
  const tail = Object.entries(calls).map(([call, body]) => `(func (export "${call}") ${types[call] ?? ''} ${body})`)
  return assemble(generatorWat({ tail: `(data (i32.const 2048) "abcdefgh") ${tail.join('\n')}` }))
}
/** One that has begun. */
const started = (wasm: Uint8Array): WasmVoice =>
  createWasmVoice(good(prepareGenerator(archiveOf(wasm))), { seed: [1, 2], sampleRate: 48_000, tags: new TestTags() })
const at = (n: number): string => `(i32.const ${n})`

test('state is a copy of what the module names', async (t) => {
  const voice = started(await withCalls({ mm_save: at(4), mm_state: at(2_050) }))
  t.equal(new TextDecoder().decode(voice.save()), 'cdef')
  const heir = started(await withCalls({ mm_save: at(8), mm_state: at(2_048), mm_load: at(0) }))
  t.ok(heir.load(new TextEncoder().encode('xy')))
  t.equal(new TextDecoder().decode(heir.save()), 'xycdefgh')
  t.end()
})

test('what does not lie in memory, is too long or is not there is no state', async (t) => {
  const none: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    nothing: {},
    'no mm_state': { mm_save: at(4) },
    'no length': { mm_save: at(0), mm_state: at(2_048) },
    'a negative length': { mm_save: at(-1), mm_state: at(2_048) },
    'too long': { mm_save: at(65_537), mm_state: at(1) },
    'no room': { mm_save: at(4), mm_state: at(0) },
    'past the end': { mm_save: at(4), mm_state: at(65_533) },
    'far past the end': { mm_save: at(4), mm_state: at(-2) },
  }
  for (const [what, calls] of Object.entries(none)) {
    const voice = started(await withCalls(calls))
    t.equal(voice.save(), undefined, what)
    t.notOk(voice.load(new Uint8Array(4)), what)
    t.equal(voice.failure, undefined, 'and it goes on')
  }
  const refusing = started(await withCalls({ mm_state: at(2_048), mm_load: at(3) }))
  t.notOk(refusing.load(new Uint8Array(4)))
  t.equal(refusing.failure, undefined)
  t.end()
})

test('a trap in a state call ends that instance alone', async (t) => {
  const saving = started(await withCalls({ mm_save: '(unreachable)', mm_state: at(2_048) }))
  t.equal(saving.save(), undefined)
  t.equal(saving.failure?.code, 'GENERATOR_TRAPPED')
  const loading = started(await withCalls({ mm_state: at(2_048), mm_load: '(loop $again (br $again)) (i32.const 0)' }))
  t.notOk(loading.load(new Uint8Array(4)))
  t.equal(loading.failure?.code, 'GENERATOR_RAN_AWAY')
  t.end()
})

test('exports of those names with other types are passed over, as any that the ABI does not know', async (t) => {
  const wasm = await assemble(generatorWat({ tail: '(func (export "mm_save") (param f64)) (func (export "mm_load"))' }))
  t.notOk(isRefused(prepareGenerator(archiveOf(wasm))))
  const voice = started(wasm)
  t.equal(voice.save(), undefined)
  t.end()
})
