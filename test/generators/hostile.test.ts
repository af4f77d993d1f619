import { readFileSync, readdirSync } from 'node:fs'
import test from 'tape'
import { isRefused, prepareGenerator } from '../../lib/generators/index.ts'
import { archiveOf, assemble, block, fixture, fixtureBytes, good, run, startVoice } from '../helpers/generators.ts'

const BLOCKS = 256
const CLAPPER = good(prepareGenerator(archiveOf(fixtureBytes('clapper', 'clapper.wasm'))))
const ALONE = run(startVoice(CLAPPER).voice, BLOCKS).left

const folder = fixture('hostile', 'modules')
const names = readdirSync(folder).filter((name) => name.endsWith('.wat'))
test('there are hostile modules to meet', (t) => {
  t.ok(names.length > 50, `${names.length} of them`)
  t.ok(ALONE.includes(0.5), 'and the voice beside them sounds')
  t.end()
})

for (const name of names) {
  const wat = readFileSync(`${folder}/${name}`, 'utf8')
  const [, code, why] = /^;; ([A-Z_0-9]+): (.*)\.$/m.exec(wat) ?? []
  test(`hostile: ${name} ${why ?? ''}`, async (t) => {
    t.ok(code, 'its first line names a code')
    const prepared = prepareGenerator(archiveOf(await assemble(wat)))
    if (isRefused(prepared)) {
      t.equal(prepared.code, code, prepared.message)
      return
    }
    const { voice } = startVoice(prepared)
    const beside = startVoice(CLAPPER).voice
    const heard = new Float32Array(BLOCKS * 128)
    for (let n = 0; n < BLOCKS; n++) {
      voice.process(block(n * 128))
      beside.process(block(n * 128))
      heard.set(beside.left, n * 128)
    }
    t.equal(voice.failure?.code, code, voice.failure?.message)
    t.equal(voice.process(block(0)), 'error', 'it stays ended')
    t.equal(voice.stop(), false, 'and has no tail')
    t.deepEqual(heard, ALONE, 'the voice beside it gives the same samples')
  })
}
