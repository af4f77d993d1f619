import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { BlobStore } from '../../lib/blobs/index.ts'
import { connectLocal } from '../../lib/host/index.ts'
import { openHome } from '../../lib/store/index.ts'
import { bundlesContract } from '../../plugins/bundles/index.ts'
import { openBundleSource } from '../../bin/cli/bundle-source.ts'
import { writeBundle } from '../../lib/bundle/index.ts'
import { runNode } from '../../plugins/run.ts'
import { changed, exportedJam, flipped } from '../helpers/bundles.ts'
import { collect } from '../helpers/chains.ts'
import { codeOf, memoryLog, Teardown } from '../helpers/hosts.ts'
import { marmalade, type Ran } from '../helpers/programs.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const json = (ran: Ran): Record<string, unknown> => JSON.parse(ran.stdout || ran.stderr) as Record<string, unknown>

/** What every command says of a home into which the jam was imported: alike with and without a node. */
async function commandsOn(t: test.Test, home: string, made: Awaited<ReturnType<typeof exportedJam>>, where: string) {
  const run = (...args: string[]) => marmalade([...args, '--home', home])
  const { file, exported, ben, archives, folder, jam } = made
  const imported = await run('import', file, '--json')
  t.deepEqual([imported.code, json(imported)['score']], [0, exported.score], `${where}: import ${imported.stderr}`)
  const out = join(folder, `${where}.jam`)
  const again = await run('export', 'friday', out, '--json')
  t.deepEqual([again.code, json(again)['bytes']], [0, exported.bytes], `${where}: export by a name ${again.stderr}`)
  const words = await run('export', jam, out, '--force')
  t.ok(words.stdout.includes('2 feeds') && /not of this jam.*: 4 entries/.test(words.stdout), words.stdout)
  const taken = await run('export', 'friday', out)
  t.deepEqual([taken.code, taken.stdout], [1, ''], taken.stderr)
  t.match(taken.stderr, /^marmalade: .*\(BUNDLE_EXISTS\)\n$/)
  const all = await run('export', '--all', join(folder, `${where}-all.jam`), '--json')
  t.deepEqual([all.code, json(all)['what'], json(all)['feeds']], [0, { all: true }, 2], `${where}: all ${all.stderr}`)
  t.equal((await run('export', '--all', 'friday', out)).code, 2, 'with --all there is no name')
  t.equal((await run('export', 'friday')).code, 2, 'nor is there none without a file')
  const player = await run('export', 'ben', join(folder, `${where}-ben.jam`), '--json')
  t.deepEqual(json(player)['what'], { player: ben }, `${where}: a player by name ${player.stderr}`)
  t.equal(json(await run('export', 'nobody', out, '--json', '--force'))['error'] !== undefined, true)
  const verified = await run('verify', '--all', '--json')
  t.deepEqual([verified.code, json(verified)['bad'], json(verified)['blobs']], [0, 0, 2], `${where}: verify`)
  const feed = json(await run('feed', 'ben', '--raw', '--json'))['entries'] as { text: string; signature: string }[]
  t.equal((JSON.parse(feed[0]!.text) as { identity: string }).identity, ben, `${where}: feed`)
  t.equal(Buffer.from(feed[0]!.signature, 'base64').length, 64)
  t.match((await run('feed', 'ben')).stdout, / {2}identification ben$/m)
  t.equal((await run('feed')).stdout, 'no entries yet\n')

  const blobs = await BlobStore.open({ folder: openHome(home).blobs, now: () => 0 })
  const path = blobs.path(archives.drums)
  chmodSync(path, 0o600)
  const turn = (bytes: Buffer): Buffer => flipped(bytes, 9)
  changed(path, path, turn)
  const found = await run('verify', '--all')
  t.equal(found.code, 1, `${where}: faults`)
  t.ok(found.stdout.includes(`BLOB_CORRUPT  ${archives.drums}`), found.stdout)
  changed(path, path, turn)
}

test('a replay takes a jam from its bundle, and needs no home', async (t) => {
  const down = new Teardown()
  const { file, folder, jam, archives, ada, ben } = await exportedJam(down)
  const source = await openBundleSource(file)
  const path = await source.archiveFile(archives.bass)
  t.deepEqual([source.jam, readFileSync(path).length], [jam, 3_000])
  t.ok(source.entries.some(({ identity }) => identity === ben))
  await source.close()
  t.notOk(existsSync(path), 'nothing of it is left')
  const feed = join(folder, 'ben.jam')
  await writeBundle({ ...ada, what: { player: ben }, file: feed })
  t.equal(await codeOf(openBundleSource(feed)), 'USAGE', 'the feed of a player is no jam')
  t.equal(await codeOf(openBundleSource(`${file}.absent`)), 'BUNDLE_UNREADABLE')
  await down.run()
})

test('export, import, verify and feed by the command line, with and without a node', async (t) => {
  const down = new Teardown()
  const made = await exportedJam(down)
  const home = down.add(temporaryFolder(), removeFolder)
  await commandsOn(t, home, made, 'without a node')

  const init = { home, sink: 'null', port: 0, listenHost: '127.0.0.1', log: memoryLog, onShutdown: () => undefined }
  const node = down.add(await runNode(init), (it) => it.close())
  await commandsOn(t, home, made, 'with a node')
  const local = down.add(await connectLocal(node.home.socket), (it) => it.close())
  const { bundle } = local.remote(bundlesContract)
  t.equal(await codeOf(collect(bundle.import({ file: 'friday.jam' }))), 'ARGUMENTS_INVALID', 'paths are absolute')
  t.equal(await codeOf(collect(bundle.import({ file: home }))), 'BUNDLE_UNREADABLE')
  const stop = new AbortController()
  stop.abort()
  t.equal(await codeOf(collect(bundle.verify({ all: true }, { signal: stop.signal }))), 'CANCELLED')
  for (const method of Object.values(bundlesContract.bundle)) t.equal(method.allow, 'self')
  await down.run()
})
