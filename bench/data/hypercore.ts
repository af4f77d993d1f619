/** The part of the data bench that is hypercore's: appending the same bytes, 64 blocks a call. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'
import { bytesUnder } from '../kit/folders.ts'
import { serveParts } from '../kit/part.ts'
import { readRecords } from './jam-entries.ts'

interface Core {
  ready(): Promise<void>
  append(blocks: readonly Uint8Array[]): Promise<unknown>
  close(): Promise<void>
}
const BATCH = 64

await serveParts({
  async append(folder, file) {
    const entry = createRequire(new URL('../package.json', import.meta.url)).resolve('hypercore')
    const { default: Hypercore } = (await import(pathToFileURL(entry).href)) as { default: new (path: string) => Core }
    const core = new Hypercore(join(folder, 'core'))
    await core.ready()
    const blocks = [...readRecords(file)].map((bytes) => Buffer.from(bytes))
    const before = process.cpuUsage()
    const began = performance.now()
    for (let at = 0; at < blocks.length; at += BATCH) await core.append(blocks.slice(at, at + BATCH))
    const ms = performance.now() - began
    const { user, system } = process.cpuUsage(before)
    await core.close()
    return { ms, cpu: (user + system) / 1e6, disk: bytesUnder(join(folder, 'core')) }
  },
})
