// Adds up TAP files, and says last what failed: `count.js TAP... -- FAILED_STEP...`. Exits 1 where a test failed, a file has
// no plan (the run broke off), or a step failed.
import { readFileSync } from 'node:fs'

/** Lines shown of each failed test at most: its name, and what tape says of it. */
const SHOWN_LINES = 25

const args = process.argv.slice(2)
const files = args.slice(0, args.indexOf('--'))
const steps = args.slice(args.indexOf('--') + 1)
let passed = 0
let failed = 0
let skipped = 0
for (const file of files) {
  const lines = readFileSync(file, 'utf8').split('\n')
  let name = ''
  for (const [at, line] of lines.entries()) {
    if (/^not ok /.test(line)) {
      failed++
      const shown = lines.slice(at, at + SHOWN_LINES)
      const end = shown.indexOf('  ...')
      console.log([name, ...(end < 0 ? shown : shown.slice(0, end))].join('\n'))
    } else if (/^(ok .*|)# SKIP\b/i.test(line)) skipped++
    else if (/^ok /.test(line)) passed++
    else if (line.startsWith('# ')) name = line
  }
  if (lines.some((line) => /^1\.\.\d+$/.test(line))) continue
  console.log(`the run of ${file} broke off: it has no plan`)
  failed++
}
for (const step of steps) console.log(`the step "${step}" failed`)
// A step of tests fails with them; another one, or tests that fail without a word, count as one failure.
if (failed === 0) failed = steps.length
console.log(
  skipped > 0 ? `${passed} passed, ${failed} failed, ${skipped} skipped` : `${passed} passed, ${failed} failed`,
)
process.exitCode = failed > 0 ? 1 : 0
