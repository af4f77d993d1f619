import type { Health } from './contract.ts'

const many = (count: number, one: string, more: string): string => (count === 1 ? `1 ${one}` : `${count} ${more}`)
const entries = (count: number): string => many(count, 'entry', 'entries')

/** What the owner should know of the own feed, and can do: a sentence each; none where all is well. */
export function wordsOf({ restored, lost, healed }: Omit<Health, 'words'>): string[] {
  const words: string[] = []
  if (restored)
    words.push(
      'this home looks restored from a backup or copied: nothing is published until a peer has told what it has of your feed. Connect to one, or, where nobody has newer entries, `feed resume --insist`',
    )
  if (lost > 0)
    words.push(
      `your key was used in two places: ${many(lost, 'branch', 'branches')} of your feed lost. What only they hold is published again in a few seconds; nothing has to be done`,
    )
  if (!healed) return words
  if (healed.entries > 0)
    words.push(
      `your key was used on another machine, or this home was restored: ${entries(healed.entries)} of it were kept by publishing them again. To avoid this use one home for each key`,
    )
  if (healed.dropped > 0) words.push(`${entries(healed.dropped)} that you had dropped elsewhere are dropped here too`)
  if (healed.stuck > 0)
    words.push(
      `${entries(healed.stuck)} written elsewhere with your key are too large, or damaged, to be published again: they stay in a branch of their own, see \`feed\``,
    )
  return words
}
