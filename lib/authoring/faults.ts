import type { BuildFault, Language } from './types.ts'

/** More than anybody mends before building again. */
const MAX_FAULTS = 50

/** What a compiler found wrong, by what it said. */
export function faultsIn(language: Language, source: string, output: string): BuildFault[] {
  const faults = language === 'as' ? ofAsc(source, output) : ofOthers(source, output)
  return faults.slice(0, MAX_FAULTS)
}

/** `ERROR AS200: what` and below it, after the lines shown, `└─ in src/a.ts(8,7)`; some have no place. */
function ofAsc(source: string, output: string): BuildFault[] {
  return output
    .split(/^(?=(?:ERROR|WARNING|INFO|FAILURE) )/m)
    .filter((part) => part.startsWith('ERROR '))
    .map((part) => {
      const message = /^ERROR (.+)/.exec(part)?.[1] ?? ''
      const [, file = source, line = '0', column = '0'] = /└─ in (.+)\((\d+),(\d+)\)/.exec(part) ?? []
      return { file: file.replace(/^~lib\//, 'assembly/'), line: Number(line), column: Number(column), message }
    })
}

/** `src/a.c:1:9: error: what` of clang and of rustc's short format, and what the linker says, which has no place. */
function ofOthers(source: string, output: string): BuildFault[] {
  return output.split('\n').flatMap((text) => {
    const placed = /^(\S.*?):(\d+):(\d+): (?:fatal )?error(?:\[(E\d+)\])?: (.+)/.exec(text)
    if (placed) {
      const [, file = source, line = '0', column = '0', code, what = ''] = placed
      return [
        { file, line: Number(line), column: Number(column), message: code === undefined ? what : `${code}: ${what}` },
      ]
    }
    const linked = /^\s*(?:= note: )?(?:wasm-ld|rust-lld)\S*: error: (.+)/.exec(text)
    return linked ? [{ file: source, line: 0, column: 0, message: linked[1] ?? '' }] : []
  })
}
