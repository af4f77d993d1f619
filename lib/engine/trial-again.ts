import { fork } from 'node:child_process'
import { MarmaladeError } from '../base/index.ts'
import { loaderFor, siblingModule } from '../base/node/thread.ts'
import type { TakeRaw, Trial, TrialInit } from './trial.ts'
import type { FromTrial } from './trial-types.ts'

/**
 * The same trial in a process of its own, with other flags for V8: another compiler is another engine.
 * @throws MarmaladeError ENGINE_LOST where the process fails or is ended
 */
export async function runTrialIn(flags: readonly string[], init: TrialInit, take: TakeRaw): Promise<Trial> {
  const module = siblingModule('trial-child', import.meta.url)
  const child = fork(module, [], {
    serialization: 'advanced',
    execArgv: [...flags, ...loaderFor(module)],
    env: process.env['TMPDIR'] === undefined ? {} : { TMPDIR: process.env['TMPDIR'] },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  try {
    return await new Promise<Trial>((resolve, reject) => {
      const lost = (why: string): void => {
        reject(new MarmaladeError('ENGINE_LOST', `the process that tries it once more ${why}: run it again`))
      }
      child.on('message', (message: FromTrial) => {
        if (message.kind === 'piece') void take(message.left, message.right, message.at)
        else if (message.kind === 'done') resolve(message.trial)
        else lost(`failed: ${message.message}`)
      })
      child.once('error', ({ message }) => lost(`cannot be started: ${message}`))
      child.once('exit', (code, signal) => lost(`ended (${signal ?? code ?? 'no code'})`))
      child.send(init, (error) => {
        if (error) lost(`cannot be told: ${error.message}`)
      })
    })
  } finally {
    child.kill('SIGKILL')
  }
}
