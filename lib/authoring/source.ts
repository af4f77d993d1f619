/** A source of a generator, as text. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** Where in a text an index lies: counted from 1. */
export function placeAt(text: string, index: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, index)
  return { line: before.split('\n').length, column: index - before.lastIndexOf('\n') }
}

/** A text whose comments and strings are blanks, every other character where it was. */
export function codeOf(text: string): string {
  return text.replace(/\/\/.*|\/\*[^]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, (found) =>
    found.replace(/[^\n]/g, ' '),
  )
}

/** The first place in the code of the sources at which something stands. */
export function placeOf(
  sources: readonly Source[],
  what: RegExp,
): { readonly file: string; readonly line: number; readonly column: number } | undefined {
  for (const { path, text } of sources) {
    const index = codeOf(text).search(what)
    if (index >= 0) return { file: path, ...placeAt(text, index) }
  }
  return undefined
}
