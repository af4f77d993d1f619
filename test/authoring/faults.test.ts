import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { faultsIn } from '../../lib/authoring/faults.ts'
import { withHint } from '../../lib/authoring/hints.ts'
import { adviceFor, globalsMadeTooEarly } from '../../lib/authoring/pitfalls.ts'
import { fixture } from '../helpers/generators.ts'

const ASC = `ERROR AS200: Conversion from type 'f64' to 'f32' requires an explicit cast.
   :
 8 │ q = p.x
   │     ~~~
   └─ in src/a.ts(8,7)

ERROR AS105: Module requires at least '4' pages of initial memory.

FAILURE 2 compile error(s)
`
const CLANG = `src/a.c:1:9: error: expected expression
int x = ;
        ^
src/a.c:2:1: warning: unused
wasm-ld-14: error: /tmp/a-5.o: undefined symbol: sin
clang: error: linker command failed with exit code 1 (use -v to see invocation)
`
const RUSTC = `src/a.rs:1:31: error[E0308]: mismatched types: expected \`f32\`, found \`f64\`
error: aborting due to previous error
`

test('what compilers say becomes faults with file, line and column', (t) => {
  const [cast, pages, ...rest] = faultsIn('as', 'src/a.ts', ASC)
  t.equal(rest.length, 0)
  t.deepEqual([cast?.file, cast?.line, cast?.column], ['src/a.ts', 8, 7])
  t.equal(cast?.message, "AS200: Conversion from type 'f64' to 'f32' requires an explicit cast.")
  t.deepEqual([pages?.file, pages?.line], ['src/a.ts', 0], 'one without a place is the source’s')
  t.deepEqual(faultsIn('c', 'src/a.c', CLANG), [
    { file: 'src/a.c', line: 1, column: 9, message: 'expected expression' },
    { file: 'src/a.c', line: 0, column: 0, message: '/tmp/a-5.o: undefined symbol: sin' },
  ])
  t.deepEqual(faultsIn('rust', 'src/a.rs', RUSTC), [
    { file: 'src/a.rs', line: 1, column: 31, message: 'E0308: mismatched types: expected `f32`, found `f64`' },
  ])
  t.equal(faultsIn('c', 'a.c', 'a.c:1:1: error: no\n'.repeat(999)).length, 50, 'and no more than anybody reads')
  t.end()
})

const HINTS: readonly (readonly [message: string, hint: RegExp])[] = [
  ["AS200: Conversion from type 'f64' to 'f32' requires an explicit cast.", /<f32>x/],
  ["AS105: Module requires at least '4' pages of initial memory.", /"pages": N/],
  ['AS100: Not implemented: Closures', /a method/],
  ['initial memory too small, 4066560 bytes needed', /"pages": N/],
  ['/tmp/a-5.o: undefined symbol: sin', /no C library/],
  ['E0308: mismatched types: expected `f32`, found `f64`', /as f32/],
  ['a.wasm of a: the module imports "env.seed", which is no function that generators are given', /Chance/],
  ['a.wasm of a: the module imports "env.abort", which is no function …', /--use abort=/],
  ['a.wasm of a: the module has a start function: do in mm_init …', /--exportStart _initialize/],
  ['a.wasm of a: the module does not export mm_abi', /export \{ mm_abi, mm_output \}/],
  ['a.wasm of a: the memory goes from 1 to any number of pages; …', /may not grow/],
  ['it trapped as it starts: unreachable', /"pages": N/],
]

test('known pitfalls come with what mends them', (t) => {
  for (const [message, hint] of HINTS) {
    const found = withHint({ file: 'src/a.ts', line: 0, column: 0, message }, []).hint ?? ''
    t.ok(hint.test(found), `${message}: ${found}`)
  }
  const nowhere = { file: 'src/a.ts', line: 0, column: 0, message: 'the module imports "env.seed", which …' }
  const random = { path: 'src/a.ts', text: '// Math.random\nlet x: f64 = 0\nx = Math.random()\n' }
  const { line, column } = withHint(nowhere, [random])
  t.deepEqual([line, column], [3, 5], 'the place is found in the code, not in a comment')
  t.equal(withHint({ ...nowhere, message: 'what nobody knows' }, []).hint, undefined)
  t.end()
})

test('globals that would stay 0 are found before anything is compiled', (t) => {
  const text = [
    "import { hertz } from 'marmalade'",
    'const TABLE: StaticArray<f64> = [0, 1]',
    'let voice: Voice = changetype<Voice>(0)',
    'let other = new Voice() // too early',
    'export const A: f64 = hertz(69)',
    'const ROOM: usize = memory.data(64)',
    'const HALF: f64 = Math.sqrt(0.5)',
    'const later = (note: f64): f64 => hertz(note)',
    'class Voice { filter: Filter = new Filter(100, 1) }',
    'function mm_init(): i32 {',
    '  const inner = new Voice()',
    "  const s = 'let x = new Y()'",
    '}',
  ].join('\n')
  const places = globalsMadeTooEarly({ path: 'a.ts', text }).map(({ line, column }) => `${line}:${column}`)
  t.deepEqual(places, ['4:13', '5:23'])
  t.end()
})

test('what costs too much in mm_process is advice, with its place', (t) => {
  const text = [
    'export function mm_process(frames: i32, frame: f64): i32 {',
    '  const once = Math.sin(frame)',
    '  const it = new Note()',
    '  for (let i = 0; i < frames; i++) {',
    '    if (i > 3) { write(i, Math.sin(once), Math.floor(once)) }',
    '  }',
    '  return 0',
    '}',
    'function other(): f64 { for (;;) return Math.sin(3) }',
  ].join('\n')
  t.deepEqual(
    adviceFor({ path: 'a.ts', text }).map(({ line, column }) => `${line}:${column}`),
    ['3:14', '5:27'],
  )
  t.end()
})

test('nothing that is shipped falls into one of them', (t) => {
  const shipped = ['templates', 'generators', 'assembly', 'patterns'].flatMap((folder) =>
    readdirSync(fixture(folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && path.includes('/'))
      .map((path) => join(folder, path)),
  )
  t.ok(shipped.length > 20)
  for (const path of shipped) {
    const source = { path, text: readFileSync(fixture(path), 'utf8') }
    t.deepEqual([...globalsMadeTooEarly(source), ...adviceFor(source)], [], path)
  }
  t.end()
})
