/** The candidate that differs least from the text, if by at most a third of its letters (at least two). */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  const bound = Math.max(2, Math.floor(text.length / 3))
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: distance(text.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
  const [best] = ranked
  return best && best.edits <= bound ? best.candidate : undefined
}

/** Letters to insert, delete or replace (Levenshtein), row by row. Long texts are cut. */
function distance(a: string, b: string): number {
  const [s, t] = [a.slice(0, 64), b.slice(0, 64)]
  let row = Array.from({ length: t.length + 1 }, (_, i) => i)
  for (let i = 1; i <= s.length; i++) {
    const next = [i]
    for (let j = 1; j <= t.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (s[i - 1] === t[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
