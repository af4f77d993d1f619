import { writeFileSync } from 'node:fs'
import { errorsDoc } from './errors-doc.ts'
import { projectRoot } from './vectors.ts'

writeFileSync(new URL('docs/errors.md', projectRoot()), errorsDoc())
