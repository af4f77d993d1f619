import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type Test } from 'tape'
import { decodePcm, readWavHeader } from '../../lib/mix/index.ts'
import { Teardown } from './hosts.ts'

/** A test of what is rendered offline, in a folder of its own. */
export function offline(title: string, body: (t: Test, folder: string) => Promise<void>): void {
  test(`replay: ${title}`, async (t) => {
    const teardown = new Teardown()
    try {
      await body(t, await teardown.folder())
    } finally {
      await teardown.run()
    }
  })
}
export const out = (folder: string, name = 'out.wav'): { out: string } => ({ out: join(folder, name) })

/** Both sides of a WAV file, whatever its format. */
export async function sidesOf(file: string): Promise<readonly [Float32Array, Float32Array]> {
  const bytes = await readFile(file)
  const info = readWavHeader(bytes)
  if (!info) throw new Error(`${file} is no WAV of ours`)
  const { left, right } = decodePcm(info.format, bytes.subarray(info.offset))
  return [left, right]
}
