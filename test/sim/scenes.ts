import { entryKeyOf } from '../../lib/base/index.ts'
import type { EntryKey, PlayerId } from '../../lib/base/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { standsFor } from '../../lib/feed/index.ts'
import { signEntry } from '../../lib/entry/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import { START } from './node.ts'
import type { SimNode } from './node.ts'
import { identityOf, simCrypto } from './signing.ts'
import type { SimIdentity } from './signing.ts'
import { World } from './world.ts'

export const note = (text: string): Payload => ({ type: 'public_note', text })

/** Lines without losses: what goes wrong in a scene is written in it. */
export const CLEAR = { delay: [5, 80], jitter: 5, rate: [100, 1_000], loss: 0, cutShare: 0 } as const

/** A named scene on the simulator: a few nodes that all draw the same feeds. */
export class Scene {
  readonly world: World
  readonly identities: readonly SimIdentity[]

  /** @param authors names of the identities whose feeds every node draws */
  constructor(seed: number, ...authors: readonly string[]) {
    this.world = new World({ seed, quality: CLEAR })
    this.identities = authors.map(identityOf)
  }

  /** A node with one of the authors' keys, or with a key of its own. */
  node(author: string): SimNode {
    const node = this.world.add(identityOf(author))
    for (const { id } of this.identities) node.track(id, 'wanted')
    return node
  }

  /** Lets so much virtual time pass. */
  pass(seconds: number): void {
    this.world.timeline.runUntil(this.world.now + seconds * 1_000)
  }

  /** The different heads that nodes have of a feed. */
  heads(identity: PlayerId, nodes: readonly SimNode[] = this.world.nodes): Set<string> {
    return new Set(nodes.map((node) => node.store.head(identity)?.key ?? 'none'))
  }
}

/** Keys of the originals in a node's feed. */
export const originals = (node: SimNode, identity: PlayerId): string[] =>
  node.store.read(identity).flatMap((entry) => (isRebase(entry) ? [] : [standsFor(entry).key]))

const isRebase = ({ payload }: Entry): boolean => typeof payload !== 'string' && payload.type === 'rebase'

/** Consecutive entries of an identity, made outside of any store. `signs` says whose signature is good. */
export function makeChain(
  { id, signer }: SimIdentity,
  length: number,
  parent: Entry | null,
  signs: (at: number) => boolean = () => true,
): Entry[] {
  const chain: Entry[] = []
  const from = (parent?.comparable ?? START - 3_600e6) + 1_000
  for (let at = 0; at < length; at++) {
    const before: Entry | null = chain.at(-1) ?? parent
    const fields = { identity: id, parent: before?.key ?? null, comparable: from + at * 1_000, synod: null }
    const entry = signEntry({ ...fields, payload: note(`entry ${at}`) }, signer, simCrypto)
    chain.push(signs(at) ? entry : spoil(entry))
  }
  return chain
}

/** Entries of two chains by turns, each above the one before. */
export function makeFlips({ id, signer }: SimIdentity, length: number): Entry[] {
  const made: Entry[] = []
  for (let at = 0; at < length; at++) {
    const parent = made[at - 2]?.key ?? null
    const fields = { identity: id, parent, comparable: START - 3_600e6 + at * 1_000, synod: null }
    made.push(signEntry({ ...fields, payload: note(`flip ${at}`) }, signer, simCrypto))
  }
  return made
}

function spoil(entry: Entry): Entry {
  const bytes = entry.bytes.slice()
  const at = bytes.length - 64
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return { ...entry, bytes, key: keyOf(bytes) }
}

const keyOf = (bytes: Uint8Array): EntryKey => entryKeyOf(simCrypto.sha256(bytes))
