import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { importBundle, verifyHome, writeBundle } from '../../lib/bundle/index.ts'
import { bytesNamed, contentOf, emptyHome, openHomeIn } from '../helpers/bundles.ts'
import { chain, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { Teardown } from '../helpers/hosts.ts'
import { runBundleChild } from '../helpers/bundle-child.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const dan = identityNamed('dan')

/** A home with a long feed of Dan's that names some blobs. */
async function longFeed(down: Teardown, entries: number, text = '') {
  const ada = await emptyHome(down, 'ada')
  const pictures: { id: string; size: number }[] = []
  for (let n = 0; n < 4; n++) pictures.push(await ada.blobs.add([bytesNamed(n, 200_000)]))
  const payload = (at: number) => {
    const picture = pictures[at]
    return picture ? { type: 'image', blob: picture.id, mime: 'image/png', size: picture.size } : note(`${at} ${text}`)
  }
  let last = null
  for (let done = 0; done < entries; done += 1_000) {
    const made = chain(dan, Math.min(1_000, entries - done), last, { payload: (at) => payload(done + at) })
    await ada.store.ingest(dan.id, rawOf(made))
    last = made.at(-1)!
  }
  return ada
}

test('an import that was killed is gone on with; an export that was killed leaves nothing of that name', async (t) => {
  const down = new Teardown()
  const ada = await longFeed(down, 6_000)
  const folder = down.add(temporaryFolder(), removeFolder)
  const file = join(folder, 'dan.jam')
  await writeBundle({ ...ada, what: { player: dan.id }, file })
  const whole = await contentOf(ada)
  for (const [stage, nth] of [
    ['checking', 4],
    ['blobs', 3],
    ['importing', 2],
    ['importing', 12],
  ] as const) {
    const home = down.add(temporaryFolder(), removeFolder)
    const { killed } = await runBundleChild(['import', home, file], stage, nth)
    t.ok(killed, `killed at ${stage} ${nth}`)
    const cy = await openHomeIn(home, 'cy')
    const between = await contentOf(cy)
    t.equal((await verifyHome({ ...cy, all: true })).bad, 0, `${between.heads.join() || 'nothing'} is there, and sound`)
    await importBundle({ file, ...cy })
    t.deepEqual(await contentOf(cy), whole, 'a second time brings the rest')
    await cy.store.close()
  }
  const home = down.add(temporaryFolder(), removeFolder)
  await runBundleChild(['import', home, file])
  const { killed } = await runBundleChild(['export', home, join(folder, 'killed.jam'), dan.id], 'writing')
  t.ok(killed, 'killed while writing')
  t.notOk(readdirSync(folder).includes('killed.jam'))
  await down.run()
})

test('memory stays bounded with a feed of 80 MB', async (t) => {
  const down = new Teardown()
  const ada = await longFeed(down, 12_000, 'x'.repeat(6_500))
  const folder = down.add(temporaryFolder(), removeFolder)
  const home = down.add(temporaryFolder(), removeFolder)
  const file = join(folder, 'dan.jam')
  const { bytes } = await writeBundle({ ...ada, what: { player: dan.id }, file })
  t.ok(bytes > 80_000_000, `a bundle of ${Math.round(bytes / 1e6)} MB`)
  for (const args of [
    ['import', home, file],
    ['export', home, join(folder, 'again.jam'), dan.id],
  ]) {
    const { grown, millis } = JSON.parse((await runBundleChild(args)).last) as { grown: number; millis: number }
    const what = `${args[0] ?? ''}: ${Math.round(grown / 1e6)} MB more at most, ${Math.round(millis)} ms`
    t.ok(grown < 48_000_000, what)
  }
  await down.run()
})
