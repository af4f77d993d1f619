import type { FromEngine } from '../../lib/engine/index.ts'
import type { Log } from '../../lib/host/index.ts'
import type { JamLog } from './jam-log.ts'

/** Writes down what people should read of what an engine says. */
export function logHeard({ log, jamLog }: { readonly log: Log; readonly jamLog: JamLog }, message: FromEngine): void {
  if (message.kind === 'jam') for (const event of message.events) jamLog.event(event)
  if (message.kind !== 'instances') return
  for (const event of message.events) {
    jamLog.instance(event)
    if (event.kind === 'failed') log.warn({ path: event.path, code: event.failure.code }, event.failure.message)
    if (event.kind === 'refused') log.warn({ path: event.path, code: 'MIX_REFUSED' }, event.message)
  }
}
