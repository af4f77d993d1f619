/**
 * Writes to a home's store without end and says what was acknowledged, a line each: `own KEY`, `run KEY`. Killed by
 * its parent. Usage: crash-child.ts HOME ROUND
 */
import { writeSync } from 'node:fs'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { openHome, openHomeStore } from '../../lib/store/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, note, rawOf } from '../helpers/chains.ts'

const [, , path = '', round = '0'] = process.argv
const ada = identityNamed('ada')
const ben = identityNamed('ben')
const clock = new HandClock()
const store = await openHomeStore(openHome(path), { identity: ada.id, signer: ada.signer, crypto: nodeCrypto, clock })
const say = (what: string, { key }: Pick<Entry, 'key'>): void => void writeSync(1, `${what} ${key}\n`)

/** Appends in groups, for ever. */
async function appendOn(): Promise<void> {
  for (let n = 0; ; n++) {
    clock.now += 10
    const group = Array.from({ length: 1 + (n % 4) }, (_, i) => store.append(note(`round ${round}, ${n}.${i}`)))
    for (const entry of await Promise.all(group)) say('own', entry)
  }
}

/** Takes in ben's feed in runs of 7, every fourth time by a fork that arrives in three runs and takes over. */
async function ingestOn(): Promise<void> {
  for (let n = 0; ; n++) {
    const [last] = await collect(store.read(ben.id, { reverse: true, limit: 1 }))
    const [base] =
      n % 4 === 3 ? await collect(store.read(ben.id, { reverse: true, limit: 8 })).then((it) => it.slice(-1)) : [last]
    const from = (last?.comparable ?? 0) + 10
    const entries = chain(ben, n % 4 === 3 ? 21 : 7, base ?? null, {
      from,
      step: 1,
      payload: (i) => note(`${round} ${n} ${i}`),
    })
    for (let at = 0; at < entries.length; at += 7) {
      const run = entries.slice(at, at + 7)
      const result = await store.ingest(ben.id, rawOf(run), headOfChain(entries))
      if (result.kind === 'refused') throw new Error(`${result.code}: ${result.message}`)
      say('run', headOfChain(run))
    }
  }
}

await Promise.all([appendOn(), ingestOn()])
