import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import test from 'tape'
import { cFlags } from '../../../lib/authoring/flags.ts'
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

/** Ten types that tell `n` from every other number below 1,024. */
const bits = (n: number): string => Array.from({ length: 10 }, (_, k) => ((n >> k) & 1 ? 'f32' : 'f64')).join(' ')

test('limits are held', async (t) => {
  const code = async (wat: string): Promise<string | undefined> => codeOf(checkModule(await assemble(wat)))
  const deep = (n: number): Promise<Uint8Array> =>
    withCode([...new Array<number[]>(n).fill([0x02, 0x40]), new Array<number>(n).fill(0x0b)].flat())
  t.equal(codeOf(checkModule(await deep(LIMITS.nesting - 1))), undefined)
  t.equal(codeOf(checkModule(await deep(LIMITS.nesting))), 'WASM_LIMIT', 'nesting')
  const loops = (n: number): number[] => new Array<number[]>(n).fill([0x03, 0x40, 0x0b]).flat()
  t.equal(codeOf(checkModule(await withCode(loops(LIMITS.forks / 2 - 2)))), undefined)
  t.equal(codeOf(checkModule(await withCode(loops(LIMITS.forks / 2 - 1)))), 'WASM_LIMIT', 'blocks of one function')
  const one = [0x43, 0, 0, 0x80, 0x3f]
  const negative = [...one, 0x8c]
  const stores = (n: number, value: number[]): number[] =>
    new Array<number[]>(n).fill([0x41, 0, ...value, 0x38, 2, 0]).flat()
  t.equal(codeOf(checkModule(await withCode(stores(LIMITS.forks - 3, negative)))), undefined)
  t.equal(codeOf(checkModule(await withCode(stores(LIMITS.forks - 2, negative)))), 'WASM_LIMIT', 'stores of floats')
  t.equal(codeOf(checkModule(await withCode(stores(LIMITS.forks, one)))), undefined, 'constants need no look')
  const nan = [0x43, 0, 0, 0xc0, 0xff]
  t.equal(codeOf(checkModule(await withCode(stores(LIMITS.forks, nan)))), 'WASM_LIMIT', 'but those that are NaN do')
  const waiting = (n: number): number[] =>
    [...new Array<number[]>(n).fill([0x41, 0]), new Array<number>(n).fill(0x1a)].flat()
  t.equal(codeOf(checkModule(await withCode(waiting(LIMITS.operands)))), undefined)
  t.equal(codeOf(checkModule(await withCode(waiting(LIMITS.operands + 1)))), 'WASM_LIMIT', 'operands that wait')
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
  const many: readonly (readonly [what: string, most: number, wat: (n: number) => string])[] = [
    ['types', LIMITS.types, (n) => Array.from({ length: n }, (_, k) => `(type (func (param ${bits(k)})))`).join('')],
    ['results', LIMITS.results, (n) => `(func (result ${'i32 '.repeat(n)}) unreachable)`],
    ['exports', LIMITS.exports, (n) => Array.from({ length: n }, (_, k) => `(export "x${k}" (func 0))`).join('')],
    ['element segments', LIMITS.elements, (n) => `(table 1 funcref)${'(elem (i32.const 0) 0)'.repeat(n)}`],
    ['data segments', LIMITS.segments, (n) => '(data (i32.const 0) "")'.repeat(n)],
    ['branches', LIMITS.branches, (n) => `(func (br_table ${'0 '.repeat(n + 1)} (i32.const 0)))`],
  ]
  for (const [what, most, wat] of many) {
    const used = { types: 12, exports: 5 }[what] ?? 0
    t.equal(await code(generatorWat({ tail: wat(most - used) })), undefined, `${most} ${what} are well`)
    t.equal(await code(generatorWat({ tail: wat(most + 1) })), 'WASM_LIMIT', what)
  }
  const importing = (n: number): string =>
    generatorWat({ head: '(import "marmalade" "log" (func (param i32 i32)))'.repeat(n) })
  t.equal(await code(importing(LIMITS.imports)), undefined)
  t.equal(await code(importing(LIMITS.imports + 1)), 'WASM_LIMIT', 'imports')
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

/** Bytes that no assembler writes, put at the place of a section of a module that is well. */
const HOSTILE_BYTES = JSON.parse(readFileSync(fixture('hostile', 'bytes.json'), 'utf8')) as readonly {
  readonly what: string
  readonly code: string
  /** The section that the bytes stand for, length included; 0 for the whole module. */
  readonly section: number
  readonly hex: string
}[]

for (const { what, code, section, hex } of HOSTILE_BYTES) {
  test(`hostile bytes: ${what}`, async (t) => {
    const bytes = new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
    const whole = section === 0 ? bytes : replaced(await assemble(generatorWat()), section, bytes)
    t.equal(codeOf(checkModule(whole)), code)
  })
}

/** A module with another section in the place of one, or before the first that must come after it. */
function replaced(module: Uint8Array, section: number, bytes: Uint8Array): Uint8Array {
  const order = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11]
  const out = new Writer().bytes(module.subarray(0, 8))
  let placed = false
  for (let at = 8; at < module.length;) {
    const id = module[at] ?? 0
    let end = at + 1
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = module[end++] ?? 0
      length += (byte & 127) << shift
      if (byte < 128) break
    }
    end += length
    if (!placed && order.indexOf(id) >= order.indexOf(section)) {
      out.byte(section).bytes(bytes)
      placed = true
    }
    if (id !== section) out.bytes(module.subarray(at, end))
    at = end
  }
  if (!placed) out.byte(section).bytes(bytes)
  return out.done()
}

test('what the compilers make of the fixtures is found good', (t) => {
  const shipped = readdirSync(fixture('generators'))
    .map((name) => ['generators', name, `${name}.wasm`])
    .filter((path) => existsSync(fixture(...path)))
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
    const flags = cFlags({ source: '-', pages: 2, out })
    const page = readFileSync(join(packageRoot(), 'docs', 'generators.md'), 'utf8')
    const [, command = ''] = /^ {4}(clang (?:.*\\\n)*.*)$/m.exec(page) ?? []
    const shown = command.match(/ -\S+/g)?.map((word) => word.trim()) ?? []
    const wanted = flags.filter((word) => word.startsWith('-') && word.length > 1)
    t.deepEqual(
      shown.filter((word) => word !== '-I').sort(),
      wanted.sort(),
      'the flags in the page are those of the build',
    )
    const [, inPage = ''] = /^```c\n(.*?)^```$/ms.exec(page) ?? []
    for (const source of [readFileSync(fixture('clapper', 'clapper.c'), 'utf8'), inPage]) {
      execFileSync(CLANG, ['-x', 'c', '-I', fixture('c'), ...flags], { input: source })
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
