import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import test from 'tape'
import { type PreparedWasm, prepareGenerator } from '../../lib/generators/index.ts'
import { archiveOf, assemble, block, generatorWat, good, startVoice, textFile } from '../helpers/generators.ts'

const IMPORTS = `
  (import "marmalade" "asset_size" (func $size (param i32 i32) (result i32)))
  (import "marmalade" "asset_read" (func $read (param i32 i32 i32 i32 i32) (result i32)))`
const DATA = `(data (i32.const 0) "samples/kick.raw") (data (i32.const 32) "/etc/passwd") (data (i32.const 48) "../secret")
  (data (i32.const 64) "generator.json") (data (i32.const 80) "\\ff\\fe") (data (i32.const 96) "empty")`
const KICK = '(i32.const 0) (i32.const 16)'
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz'

async function prepared(parts: { init?: string; process?: string }): Promise<PreparedWasm> {
  const init = `${parts.init ?? ''} (i32.const 0)`
  const wat = generatorWat({ head: IMPORTS, init, process: `${parts.process ?? ''} (i32.const 0)`, tail: DATA })
  const files = [textFile('samples/kick.raw', ALPHABET), textFile('empty', '')]
  return good(prepareGenerator(archiveOf(await assemble(wat), {}, files)))
}
const store = (at: number, call: string): string => `(i32.store (i32.const ${at}) (call ${call}))`

test('a generator reads the files of its own archive as it starts', async (t) => {
  const init = [
    store(4096, `$size ${KICK}`),
    store(4100, `$read ${KICK} (i32.const 0) (i32.const 5000) (i32.const 5)`),
    store(4104, `$read ${KICK} (i32.const 24) (i32.const 5100) (i32.const 100)`),
    store(4108, `$read ${KICK} (i32.const 26) (i32.const 5200) (i32.const 4)`),
    store(4112, `$read ${KICK} (i32.const -1) (i32.const 5200) (i32.const 4)`),
    store(4116, '$size (i32.const 96) (i32.const 5)'),
    store(4120, '$read (i32.const 96) (i32.const 5) (i32.const 0) (i32.const 65536) (i32.const 0)'),
    store(4124, '$size (i32.const 64) (i32.const 14)'),
  ]
  const made = await prepared({ init: init.join(' ') })
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(made)
  const received = receiveMessageOnPort(port2) as { message: PreparedWasm }
  port1.close()
  t.equal(received.message.assets?.bytes.byteLength, made.assets?.bytes.byteLength)
  for (const given of [made, received.message]) {
    const { voice, tags } = startVoice(given)
    t.equal(voice.failure, undefined)
    const memory = new DataView(voice.left.buffer)
    const answers = [4096, 4100, 4104, 4108, 4112, 4116, 4120].map((at) => memory.getInt32(at, true))
    t.deepEqual(answers, [26, 5, 2, 0, 0, 0, 0])
    t.ok(memory.getInt32(4124, true) > 0, 'generator.json is one of them')
    const text = (at: number, length: number): string =>
      new TextDecoder().decode(new Uint8Array(voice.left.buffer, at, length))
    t.equal(text(5000, 6), 'abcde\0')
    t.equal(text(5100, 3), 'yz\0')
    t.deepEqual(tags.lines, [])
  }
})

test('a path is a name among its own files and reaches nothing else', async (t) => {
  const places = [
    [32, 11],
    [48, 9],
    [80, 2],
    [0, 15],
    [0, 0],
    [0, 300],
  ]
  const init = places.map(([at = 0, length = 0], n) => {
    const path = `(i32.const ${at}) (i32.const ${length})`
    const read = `$read ${path} (i32.const 0) (i32.const 5000) (i32.const 64)`
    return `${store(4096 + 8 * n, `$size ${path}`)} ${store(4100 + 8 * n, read)}`
  })
  const { voice } = startVoice(await prepared({ init: init.join(' ') }))
  const memory = new DataView(voice.left.buffer)
  const answers = Array.from({ length: 2 * places.length }, (_, n) => memory.getInt32(4096 + 4 * n, true))
  t.ok(
    answers.every((answer) => answer === -1),
    String(answers),
  )
  t.equal(memory.getInt32(5000, true), 0)
})

test('files are read as it starts and never later, and 32 MiB of them', async (t) => {
  const late = await prepared({
    process: `${store(4096, `$size ${KICK}`)} ${store(4100, `$read ${KICK} (i32.const 0) (i32.const 5000) (i32.const 4)`)}`,
  })
  const { voice, tags } = startVoice(late)
  t.equal(voice.process(block(0)), 'go')
  const memory = new DataView(voice.left.buffer)
  t.deepEqual([memory.getInt32(4096, true), memory.getInt32(4100, true)], [-1, -1])
  t.equal(tags.lines.length, 2)
  const wat = generatorWat({
    head: `${IMPORTS} (global $read (mut i32) (i32.const 0))`,
    init: `(loop $more
      (if (i32.gt_s (call $read (i32.const 0) (i32.const 3) (i32.const 0) (i32.const 2048) (i32.const 32768)) (i32.const 0))
        (then (global.set $read (i32.add (global.get $read) (i32.const 1))) (br $more))))
      (i32.store (i32.const 36864) (global.get $read)) (i32.const 0)`,
    tail: '(data (i32.const 0) "big")',
  })
  const big = { path: 'big', bytes: new Uint8Array(32_768), executable: false }
  const greedy = startVoice(good(prepareGenerator(archiveOf(await assemble(wat), {}, [big]))))
  t.equal(greedy.voice.failure, undefined)
  t.equal(new DataView(greedy.voice.left.buffer).getInt32(36864, true), 1_024)
  t.match(greedy.tags.lines[0] ?? '', /33554432 bytes/)
})

test('memory that it does not have ends it; who imports neither carries no files', async (t) => {
  for (const call of [
    `$read ${KICK} (i32.const 0) (i32.const 65533) (i32.const 4)`,
    `$read ${KICK} (i32.const 0) (i32.const 0) (i32.const -1)`,
    '$size (i32.const 65530) (i32.const 16)',
  ]) {
    const { voice } = startVoice(await prepared({ init: `(drop (call ${call}))` }))
    t.equal(voice.failure?.code, 'GENERATOR_TRAPPED', call)
  }
  const plain = good(prepareGenerator(archiveOf(await assemble(generatorWat()), {}, [textFile('a', 'b')])))
  t.equal(plain.assets, undefined)
})
