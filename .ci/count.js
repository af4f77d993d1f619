// Adds up TAP files; exits 1 where a test failed, a file has no plan (the run broke off), or a step failed.
import { readFileSync } from 'node:fs'

const files = process.argv.slice(2, -1)
let passed = 0
let failed = process.argv.at(-1) === '0' ? 0 : 1
let skipped = 0
for (const file of files) {
  const lines = readFileSync(file, 'utf8').split('\n')
  for (const line of lines) {
    if (/^not ok /.test(line)) failed++
    else if (/^(ok .*|)# SKIP\b/i.test(line)) skipped++
    else if (/^ok /.test(line)) passed++
  }
  if (lines.some((line) => /^1\.\.\d+$/.test(line))) continue
  console.log(`the run of ${file} broke off: it has no plan`)
  failed++
}
console.log(
  skipped > 0 ? `${passed} passed, ${failed} failed, ${skipped} skipped` : `${passed} passed, ${failed} failed`,
)
process.exitCode = failed > 0 ? 1 : 0
