import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkCredits, type CreditsChecked } from '../../bin/cli/credits-check.ts'
import { readCredits, writeCredits } from '../../bin/cli/credits.ts'
import type { JamSource } from '../../bin/cli/jam-source.ts'
import { jamIdOf, MarmaladeError, name as checkedName, type BlobId, type PlayerId } from '../../lib/base/index.ts'
import { encodeCredits, parseCredits, readTake, type Credits, type ReplayInit } from '../../lib/engine/index.ts'
import { buildScore, forkPoint, Ledger } from '../../lib/jam/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { ADA, archiveNamed, BAR, BEN, CY, JAM, JamWriter } from '../helpers/jams.ts'
import { sineWat } from '../helpers/mix.ts'
import { ALL, session } from '../helpers/session-tests.ts'
import {
  archivesOf,
  BEAT_FRAMES,
  replayed,
  sines,
  smallJam,
  type Archives,
  type SessionRig,
} from '../helpers/sessions.ts'

interface Written {
  readonly credits: Credits
  readonly text: string
  readonly source: JamSource
}

/** What a home that has the jam would give. */
async function sourceOf(
  folder: string,
  { jam, entries }: Pick<JamWriter, 'jam' | 'entries'>,
  archives: Archives,
): Promise<JamSource> {
  const files = new Map<BlobId, string>()
  for (const [archive, bytes] of archives) {
    const file = join(folder, `source-${files.size}.tgz`)
    await writeFile(file, bytes)
    files.set(archive, file)
  }
  return {
    jam,
    entries,
    archiveFile: async (archive) => {
      const file = files.get(archive)
      if (file === undefined) throw new MarmaladeError('BLOB_UNKNOWN', 'it is not here')
      return file
    },
    mayRun: async () => false,
    async *feed(player) {
      yield* entries.filter(({ identity }) => identity === player)
    },
    close: async () => undefined,
  }
}

/** The jam of these tests: both have given themselves names. */
function named(): JamWriter {
  const jam = smallJam()
  jam.write(ADA, { type: 'identification', name: 'Ada' })
  jam.write(BEN, { type: 'identification', name: 'Bob' })
  jam.write(BEN, { type: 'identification', name: 'Ben' })
  return jam
}

async function written(folder: string, jam: JamWriter, options: Partial<ReplayInit> = {}): Promise<Written> {
  const archives = await sines()
  const source = await sourceOf(folder, jam, archives)
  const score = buildScore(jam.jam, jam.entries)
  const made = await replayed(folder, jam.entries, archives, { ...options, jam: jam.jam })
  const file = join(folder, 'credits.json')
  await writeCredits(file, { source, score, replayed: made, take: options.take })
  return { credits: await readCredits(file), text: await readFile(file, 'utf8'), source }
}

const check = (
  { credits, source }: Omit<Written, 'text'>,
  more: { take?: ReplayInit['take'] } = {},
): Promise<CreditsChecked> => checkCredits(credits, { source, take: more.take, again: 'rendered' })

const pathsOf = ({ faults }: CreditsChecked): string[] => [...new Set(faults.map(({ path }) => path))].sort()

session('credits say who sounds from when to when, the same bytes each time, and are found true', async (t, rig) => {
  const folder = await rig.make()
  const jam = named()
  const first = await written(folder, jam)
  const { credits, text } = first
  t.equal(text, encodeCredits(credits))
  t.equal((await written(folder, jam, { threads: 2 })).text, text, 'the same bytes with two threads')
  const [chords, drums, bass] = ['chords', 'drums', 'bass'].map((name) =>
    credits.sounds.find(({ instance }) => instance === name),
  )
  t.equal(credits.sounds.length, 3)
  t.deepEqual([drums?.player, bass?.player.name], [{ identity: ADA, name: 'Ada' }, 'Ben'])
  t.equal(bass?.archive, archiveNamed('bass'))
  const bassSays = jam.entries.find(({ key }) => key === bass?.play)?.payload
  t.equal(typeof bassSays === 'object' && bassSays['instance'], 'bass')
  const published = jam.entries.find(({ key }) => key === bass?.publish)?.payload
  t.deepEqual(typeof published === 'object' && [published.type, published['name']], ['generator', 'bass'])
  t.deepEqual([chords?.from, bass?.from.frame], [{ frame: 0, bar: 1 }, BEAT_FRAMES])
  t.ok((bass?.to.frame ?? 0) > 3 * BEAT_FRAMES && (bass?.to.frame ?? 0) < 3.1 * BEAT_FRAMES, 'to the end of its fade')
  t.deepEqual([bass?.to.bar, drums?.to.bar], [1, 2], 'the last fades after the end of bar 1')
  t.deepEqual(await check(first), { faults: [], rendered: true, notes: [] })
})

/** Every value in it, with its path. */
function* leaves(value: unknown, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (typeof value !== 'object' || value === null) yield path
  else
    for (const [key, inner] of Object.entries(value))
      yield* leaves(inner, [...path, Array.isArray(value) ? Number(key) : key])
}

const shown = (path: readonly (string | number)[]): string =>
  path.map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at > 0 ? '.' : ''}${part}`)).join('')

/** Another value of the same shape. */
function other(value: unknown): unknown {
  if (typeof value === 'number') return value + 128
  if (typeof value === 'boolean') return !value
  const text = String(value)
  // The first characters of an id, a hash or a name: still one of its kind.
  const at = /^[@%&]/.test(text) ? 1 : 0
  return `${text.slice(0, at)}${text[at] === 'a' ? 'b' : 'a'}${text.slice(at + 1)}`
}

function tampered(credits: Credits, path: readonly (string | number)[]): string {
  const copy = JSON.parse(JSON.stringify(credits)) as Record<string, unknown>
  let holder: Record<string | number, unknown> = copy
  for (const part of path.slice(0, -1)) holder = holder[part] as Record<string, unknown>
  const last = path.at(-1) ?? ''
  holder[last] = other(holder[last])
  return JSON.stringify(copy)
}

session('whatever field of credits is changed is named with its path', async (t, rig) => {
  const { credits, source } = await written(await rig.make(), named())
  let count = 0
  for (const path of leaves(credits)) {
    if (path[0] === 'program') continue
    count++
    const said = shown(path)
    const named = await namedFault(tampered(credits, path), source)
    // Without the starter's own feed up to its head there is no jam to go on with.
    t.ok(
      named.includes(said) || (/^heads/.test(said) && named.some((at) => at.startsWith('heads'))),
      `${said}: ${named.join(' ')}`,
    )
  }
  t.ok(count > 40, `${count} fields`)
  const elsewhere = { ...credits, program: '9.9.9' }
  const { faults, notes } = await check({ credits: elsewhere, source })
  t.deepEqual([faults, notes.length], [[], 1], 'another version of the program is no fault, but told')
})

async function namedFault(text: string, source: JamSource): Promise<string[]> {
  try {
    return pathsOf(await check({ credits: parseCredits(text), source }))
  } catch (error) {
    if (!(error instanceof MarmaladeError) || error.code !== 'CREDITS_INVALID') throw error
    return [error.message.slice(0, error.message.indexOf(':'))]
  }
}

session('credits leave nobody out, name nobody twice, and stay true when more is published', async (t, rig) => {
  const folder = await rig.make()
  const jam = named()
  const { credits, source } = await written(folder, jam)
  const [one, ...rest] = credits.sounds
  if (!one) throw new Error('a sound')
  t.deepEqual(pathsOf(await check({ credits: { ...credits, sounds: rest }, source })), ['sounds'])
  const twice = { ...credits, sounds: [...credits.sounds, one] }
  t.deepEqual(pathsOf(await check({ credits: twice, source })), ['sounds[3].play'])
  jam.play(BEN, 'arp', BAR / 2)
  jam.write(ADA, { type: 'identification', name: 'Countess' })
  jam.admit(ADA, CY)
  const later = await sourceOf(folder, jam, await sines())
  t.deepEqual(await check({ credits, source: later }), { faults: [], rendered: true, notes: [] })
})

session(
  'credits name an archive that is gone, an entry that is gone, and another sound of the same archive',
  async (t, rig) => {
    const folder = await rig.make()
    const jam = named()
    const { credits, source } = await written(folder, jam)
    const bass = credits.sounds.findIndex(({ instance }) => instance === 'bass')
    const some = new Map([...(await sines())].filter(([id]) => id !== archiveNamed('bass')))
    const lacking = await check({ credits, source: await sourceOf(folder, jam, some) })
    t.deepEqual([pathsOf(lacking), lacking.rendered], [[`sounds[${bass}].archive`], false])
    const entries = jam.entries.filter(({ key }) => key !== credits.sounds[bass]?.play)
    const unsaid = await checkCredits(credits, {
      source: { ...source, entries },
      take: undefined,
      again: 'not rendered',
    })
    t.ok(pathsOf(unsaid).includes('set') && pathsOf(unsaid).includes(`sounds[${bass}].play`), pathsOf(unsaid).join(' '))
    const detuned = new Map([...(await sines()), ...(await archivesOf({ bass: sineWat({ hertz: 56, phase: 0.6 }) }))])
    t.deepEqual(pathsOf(await check({ credits, source: await sourceOf(folder, jam, detuned) })), ['render.sha256'])
  },
)

session('credits of a take are of that take alone, and need it for its frames', async (t, rig: SessionRig) => {
  const archives = await sines()
  const jam = named()
  await rig.open({ entries: jam.entries, archives })
  await rig.finish(ALL)
  const take = await readTake(rig.takeFile)
  const { credits, source } = await written(rig.place, jam, { take })
  t.deepEqual(credits.rendition, { kind: 'take', sha256: take.sha256, player: BEN, asHeard: true })
  t.deepEqual(await check({ credits, source }, { take }), { faults: [], rendered: true, notes: [] })
  const without = await check({ credits, source })
  t.deepEqual([without.faults, without.rendered, without.notes.length], [[], false, 1])
  t.deepEqual(pathsOf(await check({ credits, source }, { take: { ...take, sha256: '0'.repeat(64) } })), [
    'rendition.sha256',
  ])
  t.equal(await codeOf(readCredits(rig.takeFile)), 'CREDITS_INVALID')
  t.equal(await codeOf(readCredits(join(rig.place, 'nowhere.json'))), 'FILE_INVALID')
})

/** Cy begins a jam as the small one stood at bar 1 and changes it. */
function forkedJam(): JamWriter {
  const jam = named()
  const fork = new JamWriter(jamIdOf(CY, checkedName('again')), 9_000_000)
  const ledger = new Ledger(JAM)
  for (const entry of jam.entries) ledger.add(entry)
  const { from, tempo, meter } = forkPoint(ledger, 0, CY)
  fork.entries.push(...jam.entries)
  fork.action(CY, 'start', { tempo, meter, engine: 0, from })
  fork.param(CY, 'drums', 960, { name: 'gain', value: -24 })
  fork.stop(CY, 'chords', 2 * 960)
  fork.action(CY, 'end', { at: BAR })
  return fork
}

session('credits of a fork name who played, in which jam, and the start that carries it on', async (t, rig) => {
  const folder = await rig.make()
  const fork = forkedJam()
  const made = await written(folder, fork)
  const { credits, source } = made
  t.deepEqual(credits.from, { jam: JAM, bar: 1, start: fork.entries.find(isForkStart)?.key })
  t.deepEqual(
    credits.sounds.map(({ player, jam, instance }) => [player.name, jam, instance]).sort(),
    [
      ['Ada', JAM, 'chords'],
      ['Ada', JAM, 'drums'],
    ],
    'the words of their player, not of who forked',
  )
  const drums = credits.sounds.find(({ instance }) => instance === 'drums')
  const played = fork.entries.find(({ key }) => key === drums?.play)
  t.equal(played?.identity, ADA)
  t.equal(drums?.archive, archiveNamed('drums'))
  t.deepEqual(credits.heads.map(({ identity }) => identity).sort(), [ADA, CY].sort(), 'whose feeds it is made of')
  t.deepEqual(await check(made), { faults: [], rendered: true, notes: [] }, 'they hold')
  for (const path of leaves(credits)) {
    if (path[0] !== 'from' && !(path[0] === 'sounds' && path[2] === 'jam')) continue
    const faults = pathsOf(
      await checkCredits(parseCredits(tampered(credits, path)), { source, take: undefined, again: 'rendered' }),
    )
    t.deepEqual(faults, [shown(path)], `${shown(path)} is held against the entries`)
  }
  const entries = fork.entries.filter(({ identity }) => identity !== ADA)
  const without = {
    ...source,
    entries,
    feed: async function* feed(player: PlayerId) {
      yield* entries.filter(({ identity }) => identity === player)
    },
  }
  const { faults } = await checkCredits(credits, { source: without, take: undefined, again: 'rendered' })
  t.ok(faults.length > 0, 'without the feeds it is made of nothing is found true')
  t.equal(await codeOf(replayed(folder, entries, await sines(), { jam: fork.jam })), 'FORK_INCOMPLETE')
})

const isForkStart = ({ identity, payload }: JamWriter['entries'][number]): boolean =>
  identity === CY && typeof payload === 'object' && payload['action'] === 'start'
