import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../lib/base/node/root.ts'

/** The version of this package. */
export function appVersion(): string {
  const json = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }
  return json.version
}
