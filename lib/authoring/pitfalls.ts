import { codeOf, placeAt, type Source } from './source.ts'
import type { BuildFault } from './types.ts'

/** What compiles, and is not what its author means. */
interface Pitfall {
  readonly message: string
  readonly hint: string
}

const LOADING: Pitfall = {
  message: 'this is made while the module loads, which nobody lets it do: it would stay 0',
  hint: 'make it in mm_init, after begin(): `let it: T = changetype<T>(0)` here, `it = new T()` there',
}
const SLOW: Pitfall = {
  message: 'a function of Math in a loop of mm_process runs 48,000 times a second on everybody’s machine',
  hint: 'once a block is enough: above the loop; for a sine take sine(phase), for a decay multiply by fall(seconds)',
}
const ALLOCATING: Pitfall = {
  message: 'what mm_process allocates is never freed: memory runs out, and the instance ends',
  hint: 'make it once, in mm_init',
}

/** A global's line, at the left edge: everything within functions and classes is indented or begins otherwise. */
const GLOBAL = /^(?:export )?(?:let|const|var) \w+[^=\n]*= *(.*)/gm
/** What a global may not be: an object, or what a function computes that the compiler does not know ahead. */
const AT_LOADING =
  /\bnew |\bMath\.(?:a?(?:sin|cos|tan)h?|atan2|exp|expm1|log\w*|pow|cbrt|hypot)\(|\b(?:hertz|fall|approach)\(/
const DEAR = /\bMath\.(?:a?(?:sin|cos|tan)h?|atan2|exp|expm1|log\w*|pow|cbrt|hypot)\(/g

/** What of AssemblyScript would compile and never do what is meant. */
export function globalsMadeTooEarly(source: Source): BuildFault[] {
  const code = codeOf(source.text)
  return [...code.matchAll(GLOBAL)].flatMap((found) => {
    const [whole, value = ''] = found
    const at = value.search(AT_LOADING)
    // What stands behind an arrow is done when somebody calls it.
    return at < 0 || value.slice(0, at).includes('=>')
      ? []
      : [faultAt(source, found.index + whole.length - value.length + at, LOADING)]
  })
}

/** What of AssemblyScript plays, and costs more than it must. */
export function adviceFor(source: Source): BuildFault[] {
  const code = codeOf(source.text)
  const head = /\bfunction mm_process\b[^{]*\{/.exec(code)
  if (!head) return []
  const body = blockFrom(code, head.index + head[0].length)
  const advice = [...body.text.matchAll(/\bnew /g)].map(({ index }) => faultAt(source, body.at + index, ALLOCATING))
  for (const loop of body.text.matchAll(/\b(?:for|while) *\([^{]*\{/g)) {
    const inside = blockFrom(code, body.at + loop.index + loop[0].length)
    for (const { index } of inside.text.matchAll(DEAR)) advice.push(faultAt(source, inside.at + index, SLOW))
  }
  return advice
}

/** What stands from an index to the brace that closes it. */
function blockFrom(code: string, at: number): { readonly at: number; readonly text: string } {
  let end = at
  for (let depth = 1; end < code.length && depth > 0; end++) {
    if (code[end] === '{') depth++
    else if (code[end] === '}') depth--
  }
  return { at, text: code.slice(at, end) }
}

const faultAt = ({ path, text }: Source, index: number, { message, hint }: Pitfall): BuildFault => ({
  file: path,
  ...placeAt(text, index),
  message,
  hint,
})
