import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import type { PlayerId } from '../../lib/base/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { connectLocal, type Contract, type Remote } from '../../lib/host/index.ts'
import { homeAt } from '../../lib/store/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { nodeOptions } from './spawned.ts'

/** The program as a user starts it, reached as the command line reaches it. */
export interface Program {
  readonly id: PlayerId
  readonly address: string
  ask<C extends Contract>(contract: C): Remote<C>
}

export interface ProgramInit {
  readonly home: string
  readonly sink: string
  readonly env?: NodeJS.ProcessEnv
}

/** Resolves when the current jam of a node sounds there. */
export async function sounding(node: Program): Promise<void> {
  while ((await node.ask(soundContract).sound.status()).state !== 'playing') await wait(50)
}

/** How long it gets to start and to end, in milliseconds. */
const PATIENCE = 60_000

/** Starts the program, hands it over, and ends it in order. */
export async function withProgram<T>(
  { home, sink, env = {} }: ProgramInit,
  work: (it: Program) => Promise<T>,
): Promise<T> {
  const program = join(packageRoot(), 'bin/marmalade.ts')
  const args = ['start', '--json', '--port', '0', '--host', '127.0.0.1', '--sink', sink, '--home', home]
  const child = spawn(process.execPath, [...nodeOptions(), program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  const gone = once(child, 'exit')
  const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
  try {
    const said = once(createInterface(child.stdout), 'line') as Promise<[string]>
    const [line] = await Promise.race([said, gone.then(() => Promise.reject(new Error('the program did not start')))])
    clearTimeout(late)
    const { identity, addresses } = JSON.parse(line) as { identity: PlayerId; addresses: [string] }
    const local = await connectLocal(homeAt(home).socket)
    try {
      return await work({ id: identity, address: addresses[0], ask: (contract) => local.remote(contract) })
    } finally {
      await local.close()
    }
  } finally {
    clearTimeout(late)
    if (child.exitCode === null && child.signalCode === null) {
      const stuck = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
      child.kill('SIGTERM')
      await gone
      clearTimeout(stuck)
    }
  }
}
