import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import type { EntryKey } from '../../lib/base/index.ts'
import { siblingModule } from '../../lib/base/node/thread.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { homeOwner, openHome, openHomeStore } from '../../lib/store/index.ts'
import { HandClock, collect, identityNamed, keysOf } from '../helpers/chains.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const ROUNDS = 6
const RUN = 7
const ada = identityNamed('ada')
const ben = identityNamed('ben')
const CHILD = fileURLToPath(siblingModule('crash-child', import.meta.url))

/** Lets a child write to the home until it has acknowledged so many things, then kills it outright. */
async function writeUntilKilled(
  home: string,
  round: number,
  lines: number,
): Promise<{ own: EntryKey[]; runs: EntryKey[] }> {
  const child = spawn(process.execPath, [...process.execArgv, CHILD, home, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const acknowledged = { own: [] as EntryKey[], runs: [] as EntryKey[] }
  let seen = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [kind, key] = line.split(' ') as [string, EntryKey]
    // A line that the kill cut in two acknowledges nothing.
    if (line.endsWith('.sha256')) (kind === 'own' ? acknowledged.own : acknowledged.runs).push(key)
    if (++seen === lines) child.kill('SIGKILL')
  }
  const [, signal] = (await ended) as [number | null, string | null]
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself after ${seen} lines`)
  return acknowledged
}

/** Numbers that are the same in every run of the tests. */
function* drawing(seed: number): Generator<number, never> {
  for (let state = seed; ;) yield (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0)
}

test('store: kill -9 between writes loses nothing acknowledged and leaves no half run', async (t) => {
  const folder = temporaryFolder()
  const home = openHome(folder)
  const numbers = drawing(20_261_121)
  const own: EntryKey[] = []
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const lines = 20 + (numbers.next().value % 180)
      const acknowledged = await writeUntilKilled(folder, round, lines)
      own.push(...acknowledged.own)
      t.equal(homeOwner(home), undefined, 'the lock file of a process that was killed names nobody')
      const clock = new HandClock()
      const store = await openHomeStore(home, { identity: ada.id, signer: ada.signer, crypto: nodeCrypto, clock })
      const what = `round ${round}, killed after ${lines} acknowledgements`
      const there = new Set(keysOf(await collect(store.read(ada.id))))
      t.deepEqual(
        own.filter((key) => !there.has(key)),
        [],
        `${what}: each of ${own.length} own entries is there`,
      )
      const found = await Promise.all(acknowledged.runs.map((key) => store.get(key, 'anywhere')))
      const gone = acknowledged.runs.filter((_, i) => !found[i])
      t.deepEqual(gone, [], `${what}: each of ${acknowledged.runs.length} runs is there`)
      const { length } = await collect(store.read(ben.id))
      t.equal(length % RUN, 0, `${what}: ${length} entries, no half run`)
      const { bad, faults } = await store.verifyAll()
      t.equal(bad, 0, `${what}: chains and indexes agree ${JSON.stringify(faults[0] ?? '')}`)
      await store.close()
    }
  } finally {
    removeFolder(folder)
  }
})
