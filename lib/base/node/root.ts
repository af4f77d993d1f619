import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MarmaladeError } from '../errors.ts'

/** The folder of this package, where `fixtures/` lies: the same from source and from the built output. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) || !existsSync(join(folder, 'fixtures'))) {
    const up = dirname(folder)
    if (up === folder)
      throw new MarmaladeError('INTERNAL', 'the package has lost its fixtures folder: install it again')
    folder = up
  }
  return folder
}
