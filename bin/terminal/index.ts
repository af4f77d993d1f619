export { Prompt } from './prompt.ts'
export { Screen, isTerminal, type Place } from './screen.ts'
export {
  charactersOf,
  columnsOf,
  cutLine,
  cutTo,
  fitTo,
  lineColumns,
  styled,
  type Line,
  type Look,
  type Span,
} from './text.ts'
export type { Key } from './keys.ts'
