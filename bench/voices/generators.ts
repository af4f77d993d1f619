import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import wabtInit from 'wabt'
import type { BlobId } from '../../lib/base/index.ts'
import { type ArchiveFile, isRefused, prepareGenerator, type PreparedWasm } from '../../lib/generators/index.ts'
import { type Archive, archiveOf, shippedArchive } from '../kit/archives.ts'

/** A generator as a node has it once its archive has arrived. */
export interface Ready {
  readonly name: string
  readonly archive: BlobId
  readonly prepared: PreparedWasm
}

export const EXAMPLES: readonly string[] = ['drums', 'bass', 'chords', 'arp']
export const SIMPLE = 'simple'

/** The module of the simple voice, as its author would hand it in. */
export const simpleModule = (): Promise<Uint8Array<ArrayBuffer>> =>
  assembled(readFileSync(join(import.meta.dirname, 'simple.wat'), 'utf8'))

/** A module from its text. */
export async function assembled(wat: string): Promise<Uint8Array<ArrayBuffer>> {
  const wabt = await wabtInit()
  const module = wabt.parseWat('bench.wat', wat)
  const { buffer } = module.toBinary({})
  module.destroy()
  return new Uint8Array(buffer)
}

/** One of the examples, or the simple voice. */
export const readyGenerator = async (name: string): Promise<Ready> =>
  readyArchive(name, name === SIMPLE ? moduleArchive(name, await simpleModule()) : await shippedArchive(name))

/** A generator that is nothing but its module. */
export const readyModule = (name: string, module: Uint8Array): Ready => readyArchive(name, moduleArchive(name, module))

export const moduleArchive = (name: string, module: Uint8Array): Archive => archiveOf(filesOf(name, module))

function readyArchive(name: string, { id, bytes }: Archive): Ready {
  const prepared = prepareGenerator(bytes)
  if (isRefused(prepared)) throw new Error(prepared.message)
  return { name, archive: id, prepared }
}

function filesOf(name: string, module: Uint8Array): ArchiveFile[] {
  const entry = `${name}.wasm`
  const manifest = { name, runtime: 'wasm', entry, params: [], tags: [] }
  return [
    { path: 'generator.json', bytes: Buffer.from(JSON.stringify(manifest)), executable: false },
    { path: entry, bytes: module, executable: false },
  ]
}
