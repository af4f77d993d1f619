import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import test from 'tape'
import { packageRoot } from '../../../lib/base/node/root.ts'
import { checkModule, isRefused } from '../../../lib/generators/index.ts'
import { LIMITS } from '../../../lib/generators/wasm/limits.ts'
import { Writer } from '../../../lib/generators/wasm/writer.ts'
import { assemble, codeOf, fixture, fixtureBytes, generatorWat, good } from '../../helpers/generators.ts'

/** A module whose last function, without parameters or results, has these bytes for its code. */
async function withCode(code: readonly number[]): Promise<Uint8Array> {
  const bytes = await assemble(generatorWat({ tail: '(func)' }))
  let at = 8
  while (bytes[at] !== CODE_SECTION) at += 2 + (bytes[at + 1] ?? 0)
  const others = bytes.subarray(at + 2, at + 2 + (bytes[at + 1] ?? 0) - EMPTY_BODY_LENGTH)
  const body = Uint8Array.from([0, ...code, 0x0b])
  const section = new Writer().bytes(others).sized(body).done()
  return new Writer().bytes(bytes.subarray(0, at)).section(CODE_SECTION, section).done()
}
const CODE_SECTION = 10
/** Its length, no locals, end. */
const EMPTY_BODY_LENGTH = 3

test('every opcode is either of WebAssembly 1.0 and its four additions, or refused', async (t) => {
  const refused: number[] = []
  for (let opcode = 0; opcode < 256; opcode++)
    if (codeOf(checkModule(await withCode([opcode, 0, 0, 0, 0, 0, 0, 0, 0]))) === 'WASM_OPCODE_REFUSED')
      refused.push(opcode)
  const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n)
  t.deepEqual(refused, [
    ...range(0x06, 0x0a), // exceptions
    ...range(0x12, 0x19), // tail calls, exceptions, references
    ...range(0x1c, 0x1f), // typed select, exceptions
    ...range(0x25, 0x27), // tables
    ...range(0xc5, 0xfb), // references, GC
    ...range(0xfd, 0xff), // vectors, threads
  ])
  const prefixed: number[] = []
  for (let opcode = 0; opcode < 32; opcode++)
    if (codeOf(checkModule(await withCode([0xfc, opcode, 0, 0, 0, 0]))) === 'WASM_OPCODE_REFUSED') prefixed.push(opcode)
  t.deepEqual(prefixed, range(12, 31), 'after 0xfc: saturating conversions and bulk memory, no tables')
  t.equal(codeOf(checkModule(await withCode([0x01]))), undefined, 'a nop is well')
})

test('limits are held', async (t) => {
  const code = async (wat: string): Promise<string | undefined> => codeOf(checkModule(await assemble(wat)))
  const deep = (n: number): Promise<Uint8Array> =>
    withCode([...new Array<number[]>(n).fill([0x02, 0x40]), new Array<number>(n).fill(0x0b)].flat())
  t.equal(codeOf(checkModule(await deep(LIMITS.nesting - 1))), undefined)
  t.equal(codeOf(checkModule(await deep(LIMITS.nesting))), 'WASM_LIMIT', 'nesting')
  const loops = (n: number): number[] => new Array<number[]>(n).fill([0x03, 0x40, 0x0b]).flat()
  t.equal(codeOf(checkModule(await withCode(loops(LIMITS.forks / 2 - 1)))), undefined)
  t.equal(codeOf(checkModule(await withCode(loops(LIMITS.forks / 2)))), 'WASM_LIMIT', 'blocks of one function')
  const branches = (n: number, waiting: number): string =>
    `(func (local ${'i32 '.repeat(1_000)}) ${'(i32.const 0) '.repeat(waiting)}
      (block ${'(br_if 0 (local.get 0)) '.repeat(n)}) ${'drop '.repeat(waiting)})`
  const beside = (n: number, waiting = 0): string => generatorWat({ tail: branches(n, waiting) })
  t.equal(await code(beside(900)), undefined)
  t.equal(await code(beside(1_000)), 'WASM_LIMIT', 'branches beside locals')
  t.equal(await code(beside(450, 1_000)), undefined)
  t.equal(await code(beside(500, 1_000)), 'WASM_LIMIT', 'branches beside operands')
  t.equal(await code(generatorWat({ tail: branches(900, 0).repeat(5) })), 'WASM_LIMIT', 'all functions together')
  const locals = (n: number): string => generatorWat({ tail: `(func (local ${'i32 '.repeat(n)}))` })
  t.equal(await code(locals(LIMITS.locals)), undefined)
  t.equal(await code(locals(LIMITS.locals + 1)), 'WASM_LIMIT', 'locals')
  t.equal(codeOf(checkModule(await withCode([]))), undefined)
  t.equal(await code(generatorWat({ tail: '(func)'.repeat(LIMITS.functions) })), 'WASM_LIMIT', 'functions')
  t.equal(codeOf(checkModule(await withCode(new Array<number>(LIMITS.body).fill(1)))), 'WASM_LIMIT', 'one function')
  t.equal(
    await code(generatorWat({ tail: `(func (param ${'i32 '.repeat(LIMITS.params + 1)}))` })),
    'WASM_LIMIT',
    'parameters',
  )
  t.equal(
    await code(generatorWat({ tail: '(global i32 (i32.const 0))'.repeat(LIMITS.globals + 1) })),
    'WASM_LIMIT',
    'globals',
  )
  t.equal(codeOf(checkModule(new Uint8Array(LIMITS.module + 1))), 'WASM_LIMIT', 'bytes')
  t.equal(await code(generatorWat({ head: '(table 4096 4096 funcref)' })), undefined, 'the largest table')
  t.equal(await code(generatorWat({ head: '(table 4097 funcref)' })), 'WASM_TABLE_REFUSED')
})

test('damaged modules are refused, whatever the damage', async (t) => {
  const whole = fixtureBytes('generators', 'arp', 'arp.wasm')
  t.equal(codeOf(checkModule(whole)), undefined)
  for (let length = 0; length < whole.length; length += 97)
    if (!isRefused(checkModule(whole.subarray(0, length)))) t.fail(`cut to ${length} it passes`)
  t.equal(codeOf(checkModule(new Uint8Array(0))), 'WASM_MALFORMED')
  t.equal(codeOf(checkModule(new TextEncoder().encode('(module)'))), 'WASM_MALFORMED')
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
      (changes) => {
        const bytes = whole.slice()
        for (const [at, byte] of changes) bytes[at] = byte
        const checked = checkModule(bytes)
        return isRefused(checked) || WebAssembly.validate(bytes)
      },
    ),
    { numRuns: 2_000, seed: 1 },
  )
  const base = await assemble(generatorWat())
  t.equal(codeOf(checkModule(Uint8Array.from([...base, 0, 1, 0]))), undefined, 'a custom section is well')
  t.equal(codeOf(checkModule(Uint8Array.from([...base, 1, 1, 0]))), 'WASM_MALFORMED', 'a section out of order')
  t.equal(codeOf(checkModule(Uint8Array.from([...base, 77, 1, 0]))), 'WASM_SECTION_REFUSED', 'a section of no kind')
  t.end()
})

test('what the compilers make of the fixtures is found good', (t) => {
  const shipped = readdirSync(fixture('generators')).map((name) => ['generators', name, `${name}.wasm`])
  const clappers = ['clapper.wasm', 'clapper-c.wasm', 'clapper-rs.wasm'].map((name) => ['clapper', name])
  for (const path of [...shipped, ...clappers]) {
    const { pages, exports } = good(checkModule(fixtureBytes(...path)))
    t.ok(pages <= 16 && exports.includes('mm_process'), path.join('/'))
  }
  t.end()
})

const CLANG = '/usr/bin/clang'
test(
  'what clang makes today of clapper.c and of the C in docs/generators.md is found good',
  { skip: !existsSync(CLANG) },
  (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'marmalade-clang-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const out = join(folder, 'out.wasm')
    const flags = ['--target=wasm32', '-O3', '-nostdlib', '-Wl,--no-entry', '-Wl,-z,stack-size=8192']
    const memory = ['-Wl,--initial-memory=131072', '-Wl,--max-memory=131072']
    const page = readFileSync(join(packageRoot(), 'docs', 'generators.md'), 'utf8')
    const [, inPage = ''] = /^```c\n(.*?)^```$/ms.exec(page) ?? []
    for (const source of [readFileSync(fixture('clapper', 'clapper.c'), 'utf8'), inPage]) {
      execFileSync(CLANG, [...flags, ...memory, '-x', 'c', '-o', out, '-'], { input: source })
      const { exports } = good(checkModule(new Uint8Array(readFileSync(out))))
      t.ok(exports.includes('mm_process'))
    }
    t.end()
  },
)

test('clapper.wat is the source of clapper.wasm', async (t) => {
  t.deepEqual(
    await assemble(readFileSync(fixture('clapper', 'clapper.wat'), 'utf8')),
    fixtureBytes('clapper', 'clapper.wasm'),
  )
})
