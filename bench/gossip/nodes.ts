import { join } from 'node:path'
import type { PlayerId } from '../../lib/base/index.ts'
import { Actor } from '../kit/actor.ts'

export interface Opened {
  /** From the call until the socket listens, in milliseconds. */
  readonly ms: number
  readonly id: PlayerId
  readonly address: string
}

/** A whole node in a process of its own, open. */
export interface RunningNode extends Opened {
  readonly actor: Actor
}

/** Starts whole nodes on homes in a folder, hands them over, and ends them. */
export async function withNodes<T>(
  folder: string,
  names: readonly string[],
  work: (...nodes: RunningNode[]) => Promise<T>,
): Promise<T> {
  const actors: Actor[] = []
  try {
    const nodes: RunningNode[] = []
    for (const name of names) {
      const actor = new Actor(new URL('./node.ts', import.meta.url))
      actors.push(actor)
      nodes.push({ actor, ...(await actor.ask<Opened>('open', join(folder, name))) })
    }
    return await work(...nodes)
  } finally {
    for (const actor of actors.reverse()) await actor.end()
  }
}
