import { utf8 } from '../../base/index.ts'

/** Most bytes of a path inside an archive: what the ustar header's name and prefix hold. */
const LONGEST = 255
const DEEPEST = 16
/** Printable ASCII but the backslash: other text is spelled differently from one file system to the next. */
const SAFE = /^[ -[\]-~]+$/

/**
 * What is wrong with a path inside an archive, or undefined where nothing is. A good one is relative, of printable
 * ASCII with `/` between its parts, none of which is empty, `.` or `..`, or ends in a space or a dot.
 */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'is empty'
  if (path.startsWith('/')) return 'is absolute'
  if (!SAFE.test(path)) return 'holds a character other than printable ASCII without the backslash'
  if (utf8(path).length > LONGEST) return `is longer than ${LONGEST} bytes`
  const parts = path.split('/')
  if (parts.length > DEEPEST) return `is deeper than ${DEEPEST} folders`
  if (parts.includes('..')) return 'leads out of the archive with ..'
  if (parts.some((part) => part === '' || part === '.')) return 'has an empty part or a lone dot'
  if (parts.some((part) => /[ .]$/.test(part))) return 'has a part that ends in a space or a dot'
  return undefined
}

/** Whether a path or one of its folders is left out of a pack: dotfiles and node_modules. */
export const isIgnored = (path: string): boolean =>
  path.split('/').some((part) => part === 'node_modules' || (part.startsWith('.') && part !== '.' && part !== '..'))
