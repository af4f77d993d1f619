import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { blobIdOf } from '../../lib/base/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { generatorsContract, packGenerator, type GeneratorRow } from '../../plugins/generators/index.ts'
import { act, addCommand, addGroup } from '../cli/context.ts'
import { folderOf, tellOutdated } from '../cli/generator-source.ts'
import { fittedTable } from '../cli/screen.ts'
import { bytes, since, table } from '../cli/words.ts'
import { addBuild } from './generator-build.ts'
import { addCheck } from './generator-check.ts'
import { addDev } from './generator-dev.ts'
import { addNew } from './generator-new.ts'

export function addGenerator(program: Command): void {
  const generator = addGroup(program, {
    usage: 'generator',
    summary: 'generators: code that makes sound, packed and published',
    examples: ['generator publish @drums', 'generator list', 'generator show ada:chords'],
  })
  addNew(generator)
  addBuild(generator)
  addPack(generator)
  addDev(generator)
  addCheck(generator)
  addPublish(generator)
  addList(generator)
  addShow(generator)
  addFetch(generator)
  addAllow(generator)
}

function addPack(generator: Command): void {
  const command = addCommand(generator, {
    usage: 'pack <folder>',
    summary: 'pack and check a generator without publishing it',
    examples: ['generator pack ./my-bass --out my-bass.tgz', 'generator pack @drums'],
  }).option('--out <file>', 'where to write the archive (default: NAME.tgz here)')
  act(command, async (context, [folder = ''], { out }) => {
    await tellOutdated(folder)
    const { manifest, archive, files } = await packGenerator(folderOf(folder))
    const file = resolve(typeof out === 'string' ? out : `${manifest.name}.tgz`)
    await writeFile(file, archive)
    const id = blobIdOf(nodeCrypto.sha256(archive))
    const packed = { file, archive: id, size: archive.length, files: files.length, name: manifest.name }
    context.print(packed, () => `${file}: ${manifest.name}, ${files.length} files, ${bytes(archive.length)}\n${id}`)
  })
}

function addPublish(generator: Command): void {
  const command = addCommand(generator, {
    usage: 'publish <folder>',
    summary: 'publish a generator (a folder, or a shipped one as @drums) in your feed',
    examples: ['generator publish @drums', 'generator publish ./my-bass'],
  })
  act(command, async (context, [folder = '']) => {
    const node = await context.node(generatorsContract)
    await tellOutdated(folder)
    const row = await node.authoring.publish({ folder: folderOf(folder) })
    context.print(
      row,
      () => `${row.name} is published (${bytes(row.size)}, ${row.archive}); \`play ${row.name}\` plays it`,
    )
  })
}

function addList(generator: Command): void {
  const command = addCommand(generator, {
    usage: 'list',
    summary: 'generators in the feeds that are here',
    examples: ['generator list', 'generator list --json'],
  })
  act(command, async (context) => {
    const node = await context.node(generatorsContract)
    const rows = await node.generators({ limit: 500 })
    context.print(rows, () => listing(rows))
  })
}

function listing(rows: readonly GeneratorRow[]): string {
  if (rows.length === 0) return 'none yet: `generator publish @drums` publishes a shipped one'
  const cells = rows.map((row) => [
    row.name,
    row.shown,
    row.runtime,
    bytes(row.size),
    since(row.published),
    row.here ? '' : 'not here',
  ])
  return fittedTable(['name', 'player', 'runs as', 'size', 'published', ''], cells)
}

function addShow(generator: Command): void {
  const command = addCommand(generator, {
    usage: 'show <generator>',
    summary: 'what a generator says of itself, and its files',
    examples: ['generator show drums', 'generator show ada:chords'],
  })
  act(command, async (context, [name = '']) => {
    const node = await context.node(generatorsContract)
    const shown = await node.authoring.show({ generator: name })
    context.print(shown, () =>
      [
        `${shown.row.name} by ${shown.row.shown}, ${shown.row.archive}`,
        JSON.stringify(shown.manifest, null, 2),
        table(
          ['file', 'size'],
          shown.files.map((file) => [file.path, bytes(file.size)]),
        ),
      ].join('\n\n'),
    )
  })
}

function addFetch(generator: Command): void {
  const command = addCommand(generator, {
    usage: 'fetch <generator>',
    summary: 'bring the archive of a generator here',
    examples: ['generator fetch ada:chords'],
  })
  act(command, async (context, [name = '']) => {
    const node = await context.node(generatorsContract)
    const row = await node.authoring.fetch({ generator: name })
    context.print(row, () => `${row.name} by ${row.shown} is here (${bytes(row.size)})`)
  })
}

function addAllow(generator: Command): void {
  const command = addCommand(generator, {
    usage: 'allow <generator>',
    summary: 'let the archive of a process generator (a name, or a hash) run on this machine',
    examples: ['generator allow ada:hum', 'generator allow "&YmFz…=.sha256"', 'generator allow ada:hum --revoke'],
  }).option('--revoke', 'it may run no longer: what sounds of it ends')
  act(command, async (context, [name = ''], { revoke }) => {
    const on = revoke !== true
    const node = await context.node(generatorsContract)
    const { archive, allowed } = await node.authoring.allow({ archive: name, on })
    const may = on ? 'may run as a process here' : 'may not run here any more, unless you trust who published it'
    context.print({ archive, allowed }, () => `${archive} ${may}; ${allowed.length} in all were allowed`)
  })
}
