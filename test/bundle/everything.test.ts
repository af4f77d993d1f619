import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { importBundle, verifyHome, writeBundle } from '../../lib/bundle/index.ts'
import { NOTHING, bytesNamed, changed, contentOf, emptyHome, openHomeIn, twoPlayerJam } from '../helpers/bundles.ts'
import { chain, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { codeOf, Teardown } from '../helpers/hosts.ts'
import { runBundleChild } from '../helpers/bundle-child.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const WHAT = { all: true } as const

/** A home with a jam of two, the feeds of others, one of whose entries nobody signed, and a blob that nothing names. */
async function fullHome(down: Teardown, entries = 20) {
  const { ada } = await twoPlayerJam(down)
  for (const who of ['dan', 'eve', 'fay']) {
    const spoiled = (at: number): boolean => who === 'eve' && at === 3
    const made = chain(identityNamed(who), entries, null, { spoiled, payload: (at) => note(`${who} ${at}`) })
    await ada.store.ingest(identityNamed(who).id, rawOf(made))
  }
  await ada.blobs.add([bytesNamed(9, 5_000)])
  const folder = down.add(temporaryFolder(), removeFolder)
  return { ada, folder, file: join(folder, 'all.jam') }
}

test('everything goes into one file and comes out of it', async (t) => {
  const down = new Teardown()
  const { ada, folder, file } = await fullHome(down)
  const { feeds, blobs, unverified, score, others } = await writeBundle({ ...ada, what: WHAT, file })
  t.deepEqual([feeds, blobs, unverified, score, others], [5, 4, 1, undefined, 0])
  const manifest = readFileSync(file).subarray(512, 600).toString()
  t.ok(manifest.startsWith('{"format":"marmalade bundle","version":2,"what":{"all":true},'), manifest)

  const cy = await emptyHome(down, 'cy')
  const imported = await importBundle({ file, ...cy })
  t.deepEqual([imported.unverified, imported.blobsAdded, imported.apart], [1, 4, []])
  t.equal(imported.added, imported.entries)
  t.deepEqual(await contentOf(cy), await contentOf(ada))
  const twice = await importBundle({ file, ...cy })
  t.deepEqual([twice.added, twice.blobsAdded], [0, 0], 'a second time brings nothing')

  const again = join(folder, 'again.jam')
  await writeBundle({ ...cy, what: WHAT, file: again })
  t.ok(readFileSync(again).equals(readFileSync(file)), 'the same bytes, whoever writes it')
  const nobody = await emptyHome(down, 'nobody')
  t.equal(await codeOf(writeBundle({ ...nobody, what: WHAT, file: join(folder, 'none.jam') })), 'BUNDLE_EMPTY')
  t.deepEqual(readdirSync(folder).sort(), ['again.jam', 'all.jam'])
  await down.run()
})

test('an own feed comes back out of a bundle of everything, after a loss of the home', async (t) => {
  const down = new Teardown()
  const { ada, file } = await fullHome(down)
  await writeBundle({ ...ada, what: WHAT, file })
  const restored = await emptyHome(down, 'ada')
  await importBundle({ file, ...restored })
  t.deepEqual(await contentOf(restored), await contentOf(ada))
  await down.run()
})

test('a file that breaks off anywhere is not taken for whole, and the whole one is taken after it', async (t) => {
  const down = new Teardown()
  const { ada, folder, file } = await fullHome(down)
  await writeBundle({ ...ada, what: WHAT, file })
  const { length } = readFileSync(file)
  const cy = await emptyHome(down, 'cy')
  let state = 20261121
  const codes = new Set<unknown>()
  for (let n = 0; n < 60; n++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const at = Math.floor((state / 2 ** 32) * length)
    const cut = changed(file, join(folder, 'cut.jam'), (bytes) => bytes.subarray(0, at))
    codes.add(await codeOf(importBundle({ file: cut, ...cy })))
  }
  t.deepEqual([...codes], ['BUNDLE_TRUNCATED'])
  t.deepEqual(await contentOf(cy), NOTHING, 'nothing of a part is kept')
  await importBundle({ file, ...cy })
  t.deepEqual(await contentOf(cy), await contentOf(ada))
  await down.run()
})

test('kill -9 in the middle of an import loses and doubles nothing', async (t) => {
  const down = new Teardown()
  const { ada, file } = await fullHome(down, 1_500)
  await writeBundle({ ...ada, what: WHAT, file })
  const whole = await contentOf(ada)
  const home = down.add(temporaryFolder(), removeFolder)
  for (const [stage, nth] of [
    ['checking', 3],
    ['blobs', 2],
    ['importing', 3],
    ['importing', 9],
  ] as const) {
    const { killed } = await runBundleChild(['import', home, file], stage, nth)
    t.ok(killed, `killed at ${stage} ${nth}`)
    const cy = await openHomeIn(home, 'cy')
    // The one entry that nobody signed, where its feed is there already.
    const { faults } = await verifyHome({ ...cy, all: true })
    t.deepEqual(
      faults.filter(({ player, code }) => player !== identityNamed('eve').id || code !== 'ENTRY_SIGNATURE'),
      [],
      'what is there is sound',
    )
    await cy.store.close()
  }
  const { killed } = await runBundleChild(['import', home, file])
  t.notOk(killed)
  const cy = await openHomeIn(home, 'cy')
  down.add(cy.store, (store) => store.close())
  t.deepEqual(await contentOf(cy), whole, 'the last brings the rest')
  await down.run()
})
