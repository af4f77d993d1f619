import { runTrial } from './trial.ts'
import type { FromTrial, ToTrial } from './trial-types.ts'

/** A trial in a process of its own, whose V8 was started with other flags. Whoever started it ends it, and it ends with them. */
process.once('disconnect', () => process.exit(0))
process.once('message', (init: ToTrial) => void run(init))

/** Told piece by piece, each waited for, so that no more than one is on its way. */
const send = (message: FromTrial): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error) => (error ? reject(error) : resolve()))
  })

async function run(init: ToTrial): Promise<void> {
  try {
    const trial = await runTrial(init, (left, right, at) => send({ kind: 'piece', at, left, right }))
    await send({ kind: 'done', trial })
  } catch (error) {
    await send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}
