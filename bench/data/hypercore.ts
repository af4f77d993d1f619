/** The part of the data bench that is hypercore's: appending the same bytes. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'
import { bytesUnder } from '../kit/folders.ts'
import { serveParts } from '../kit/part.ts'
import { inFlight, readRecords } from './jam-entries.ts'

interface Core {
  ready(): Promise<void>
  append(blocks: readonly Uint8Array[]): Promise<unknown>
  close(): Promise<void>
}
type CoreClass = new (path: string) => Core

await serveParts({
  /** Appends what a file holds: so many blocks a call, so many calls at the same time. */
  async append(folder, file, blocksACall, atOnce) {
    const entry = createRequire(new URL('../package.json', import.meta.url)).resolve('hypercore')
    const { default: Hypercore } = (await import(pathToFileURL(entry).href)) as { default: CoreClass }
    const place = join(folder, `core-${blocksACall}`)
    const core = new Hypercore(place)
    await core.ready()
    const blocks = [...readRecords(file)].map((bytes) => Buffer.from(bytes))
    const each = Number(blocksACall)
    const before = process.cpuUsage()
    const began = performance.now()
    await inFlight(Math.ceil(blocks.length / each), Number(atOnce), (n) =>
      core.append(blocks.slice(n * each, (n + 1) * each)),
    )
    const ms = performance.now() - began
    const { user, system } = process.cpuUsage(before)
    await core.close()
    return { ms, cpu: (user + system) / 1e6, disk: bytesUnder(place) }
  },
})
