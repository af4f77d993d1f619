import pino from 'pino'
import type { Log } from '../../lib/host/index.ts'

/** The node's log: to a file, or to standard error. JSON, one object a line. */
export function makeLog(level: string, file?: string): Log {
  const destination = pino.destination({ dest: file ?? 2, sync: true, mkdir: true })
  const log = pino({ level, base: null }, destination)
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
  }
}
