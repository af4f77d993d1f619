/** What steers the direction of text or is not seen: a name must not reach beyond itself. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu
/** Marks on one letter; more would pile up over the line. */
const PILED = /(\p{M}{2})\p{M}+/gu
/** The most of any text that is looked at, in UTF-16 code units. */
const MOST = 400

/** Text from the network as one line without what steers or piles up, of at most so many characters. */
export function plainLine(said: string, most: number = MOST): string {
  const line = said.slice(0, MOST).replace(/\s+/gu, ' ').replace(UNSEEN, '').replace(PILED, '$1').trim()
  const letters = Array.from(line)
  return letters.length <= most ? line : `${letters.slice(0, Math.max(0, most - 1)).join('')}…`
}

const NARROW = /[ .,:;'|!ijltfrI()[\]/-]/
const WIDE = /[mwMW@%…—]/
const CAPITAL = /[A-Z0-9#+=&]/

/** How wide a line may be in a sans-serif of that size: rather too much than too little, since fonts differ. */
export function widthOf(line: string, size: number): number {
  let ems = 0
  for (const letter of line) {
    if (letter >= '\u1100') ems += 1.05
    else if (NARROW.test(letter)) ems += 0.36
    else if (WIDE.test(letter)) ems += 0.95
    else ems += CAPITAL.test(letter) ? 0.7 : 0.6
  }
  return ems * size
}

/** As much of a line as fits a width; nothing where not even two letters and an ellipsis do. */
export function fitted(line: string, size: number, width: number): string {
  if (widthOf(line, size) <= width) return line
  const letters = Array.from(line)
  while (letters.length > 2) {
    letters.pop()
    const shorter = `${letters.join('').trimEnd()}…`
    if (widthOf(shorter, size) <= width) return shorter
  }
  return ''
}
