/** Parts of the call bench: one node that answers, one that asks. */
import { once } from 'node:events'
import { generateIdentity } from '../../lib/keys/index.ts'
import { Host, type HostInit } from '../../lib/host/index.ts'
import { inFlight } from '../data/jam-entries.ts'
import { quantile } from '../kit/figures.ts'
import { serveParts } from '../kit/part.ts'
import { echoContract, echoPlugin } from './plugin.ts'

const WARM_CALLS = 500
const AT_ONCE = 64

async function openHost(more: Partial<HostInit>): Promise<Host> {
  const { id, keys } = generateIdentity()
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
  const host = new Host({ keys: { id, public: keys.public, private: keys.private }, log: quiet, plugins: [], ...more })
  await host.open()
  return host
}

await serveParts({
  /** Says where it listens, and answers until its parent lets go. */
  async answer() {
    const host = await openHost({ plugins: [echoPlugin], listen: { host: '127.0.0.1', port: 0 } })
    process.send?.({ address: host.addresses()[0] })
    await once(process, 'disconnect')
    await host.close()
    process.exit(0)
  },

  /** Milliseconds of calls made one after another, and how many a second are made 64 at once. */
  async ask(address, calls) {
    const host = await openHost({})
    const { echo } = (await host.connect(address)).remote(echoContract)
    const times: number[] = []
    for (let n = 0; n < WARM_CALLS + Number(calls); n++) {
      const began = performance.now()
      await echo({ text: 'kick on the one, clap on the two' })
      if (n >= WARM_CALLS) times.push(performance.now() - began)
    }
    const began = performance.now()
    await inFlight(Number(calls), AT_ONCE, (n) => echo({ text: `call ${n}` }))
    const rate = (Number(calls) / (performance.now() - began)) * 1_000
    await host.close()
    return { p50: quantile(times, 0.5), p95: quantile(times, 0.95), p99: quantile(times, 0.99), rate }
  },
})
