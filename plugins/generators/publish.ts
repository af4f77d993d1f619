import { readFile } from 'node:fs/promises'
import {
  isRefused,
  openArchive,
  pack,
  patternFault,
  prepareGenerator,
  type OpenedArchive,
} from '../../lib/generators/index.ts'
import { readGenerator } from '../../lib/generators/node/folder.ts'
import { MarmaladeError, type Refusal } from '../../lib/base/index.ts'

/** A generator's folder, packed and checked. */
export interface Packed extends OpenedArchive {
  readonly archive: Uint8Array
}

/**
 * Packs a folder and checks that what comes out is a generator that other nodes will run.
 * @throws MarmaladeError with the codes of `readGenerator`, `pack`, `openArchive`, `checkModule` and `patternFault`
 */
export async function packGenerator(folder: string): Promise<Packed> {
  return checkArchive(orThrow(pack(await readGenerator(folder))))
}

/** The same for an archive that is there. @throws MarmaladeError with the codes of `openArchive`, `checkModule` and `patternFault` */
export function checkArchive(archive: Uint8Array): Packed {
  const opened = orThrow(openArchive(archive))
  if (opened.manifest.runtime === 'process') return { ...opened, archive }
  const prepared = orThrow(prepareGenerator(archive))
  const fault = opened.manifest.runtime === 'pattern' ? patternFault(prepared, opened.entry) : undefined
  if (fault) throw new MarmaladeError(fault.code, fault.message)
  return { ...opened, archive }
}

/** Reads an archive's file and takes it apart. */
export async function openArchiveFile(file: string): Promise<OpenedArchive> {
  return orThrow(openArchive(new Uint8Array(await readFile(file))))
}

function orThrow<T extends object>(result: T | Refusal): T {
  if (isRefused(result)) throw new MarmaladeError(result.code, result.message)
  return result
}
