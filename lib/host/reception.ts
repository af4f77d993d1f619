import { MarmaladeError } from '../base/index.ts'
import { reaches } from './contract.ts'
import type { Rates } from './rates.ts'
import type { Connection, Log } from './types.ts'
import { toLocalWire, toWire } from './wire/errors.ts'
import type { Reception } from './wire/registered.ts'
import { checkArgs } from './wire/values.ts'

interface Components {
  readonly connection: Connection
  readonly rates: Rates
  /** Whom the calls of a stranger are counted against. */
  readonly rateKey: string
  readonly log: Log
}

/** Decides over each call of one connection: role, then rate, then arguments. */
export function receptionFor({ connection, rates, rateKey, log }: Components): Reception {
  const local = connection.transport === 'local'
  return {
    async admit({ path, method }, given, signal) {
      const role = await connection.role()
      if (!reaches(role, method.allow)) {
        throw new MarmaladeError('NOT_ALLOWED', `${path} is for a ${method.allow} and above; here you are a ${role}`)
      }
      if (role === 'stranger' && !rates.take(`${rateKey} ${path}`, method.rate)) {
        throw new MarmaladeError('RATE_LIMITED', `${path} was called too often: wait a little`)
      }
      const args: unknown = checkArgs(path, method.args, given)
      return { args, context: { caller: connection.player, role, connection, signal } }
    },
    limited: (context) => context.role !== 'self',
    report(error, path) {
      if (!(error instanceof MarmaladeError)) log.error({ err: error, method: path }, 'a handler failed')
      else log.debug({ code: error.code, method: path, caller: connection.player }, error.message)
      return local ? toLocalWire(error) : toWire(error)
    },
  }
}
