import type { Hearing } from '../../plugins/jams/index.ts'
import { plain } from './words.ts'

/** Of those who are not connected so many are named. */
const MAX_NAMED = 3

/**
 * Who hears a change from when: `you from bar 17, ben from bar 17, cy fetching 40 %`.
 * @param bar the one that it was asked for, counted from 1: said where nobody says from when it is heard
 */
export function heardBy(hears: readonly Hearing[], bar: number): string {
  const away = hears.filter(({ state }) => state === 'away')
  const words = hears.filter((hearing) => away.length <= MAX_NAMED || !away.includes(hearing)).map(heard)
  if (away.length > MAX_NAMED) words.push(`${away.length} others once they are connected`)
  if (!hears.some(({ state }) => state === 'from')) words.push(`asked for bar ${bar}`)
  return words.join(', ')
}

function heard({ shown, state, bar = 0, percent = 0, code, message }: Hearing): string {
  const who = plain(shown)
  switch (state) {
    case 'from':
      return `${who} from bar ${bar}`
    case 'fetching':
      return `${who} fetching ${percent} %`
    case 'refused':
      return `${who} not: ${plain(message ?? code ?? 'refused')}`
    case 'unreachable':
      return `${who} when it arrives${message === undefined ? '' : ` (${plain(message)})`}`
    case 'away':
      return `${who} once connected`
  }
}
