import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import wabtInit from 'wabt'
import type { BlobId } from '../../lib/base/index.ts'
import { type ArchiveFile, isRefused, prepareGenerator, type PreparedWasm } from '../../lib/generators/index.ts'
import { archiveOf, shippedArchive } from '../kit/archives.ts'

/** A generator as a node has it once its archive has arrived. */
export interface Ready {
  readonly name: string
  readonly archive: BlobId
  readonly prepared: PreparedWasm
}

export const EXAMPLES: readonly string[] = ['drums', 'bass', 'chords', 'arp']
export const SIMPLE = 'simple'

/** The module of the simple voice, as its author would hand it in. */
export async function simpleModule(): Promise<Uint8Array<ArrayBuffer>> {
  const wabt = await wabtInit()
  const module = wabt.parseWat('simple.wat', readFileSync(join(import.meta.dirname, 'simple.wat'), 'utf8'))
  const { buffer } = module.toBinary({})
  module.destroy()
  return new Uint8Array(buffer)
}

/** One of the examples, or the simple voice. */
export async function readyGenerator(name: string): Promise<Ready> {
  const { id, bytes } = name === SIMPLE ? archiveOf(await simpleFiles()) : await shippedArchive(name)
  const prepared = prepareGenerator(bytes)
  if (isRefused(prepared)) throw new Error(prepared.message)
  return { name, archive: id, prepared }
}

async function simpleFiles(): Promise<ArchiveFile[]> {
  const manifest = { name: SIMPLE, runtime: 'wasm', entry: 'simple.wasm', params: [], tags: [] }
  return [
    { path: 'generator.json', bytes: Buffer.from(JSON.stringify(manifest)), executable: false },
    { path: 'simple.wasm', bytes: await simpleModule(), executable: false },
  ]
}
