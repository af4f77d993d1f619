/** A whole node whose wall clock is put by so many milliseconds: HOME and MILLIS. Says who it is in one line, ends with SIGTERM. */
import { systemClock } from '../../lib/base/node/clock.ts'
import { runNode } from '../../plugins/run.ts'
import { memoryLog } from './hosts.ts'

const [home = '', millis = '0'] = process.argv.slice(2)
const node = await runNode({
  home,
  sink: 'null',
  port: 0,
  clock: { micros: () => systemClock.micros() + Number(millis) * 1_000, monotonic: () => systemClock.monotonic() },
  log: () => memoryLog(),
  onShutdown: () => undefined,
})
process.stdout.write(`${JSON.stringify({ identity: node.host.id })}\n`)
process.once('SIGTERM', () => void node.close().then(() => process.exit()))
