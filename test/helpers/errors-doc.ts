import { CODES } from '../../lib/base/index.ts'

/** docs/errors.md as it has to read: every code of lib/base/errors.ts with its text, in the order of the alphabet. */
export function errorsDoc(): string {
  const rows = Object.entries(CODES)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, text]) => `| \`${code}\` | ${text.replaceAll('|', '\\|')} |`)
  return [
    '# Error codes',
    '',
    'Every failure has one code, here as over the wire and in `--json`. The message beside it says what is wrong in this',
    'case and what to do; it may change, the code does not.',
    '',
    'Made from `lib/base/errors.ts` by `node --import tsx test/helpers/write-errors-doc.ts`; a test compares the two.',
    '',
    '| code | what kind of failure |',
    '|---|---|',
    ...rows,
    '',
  ].join('\n')
}
