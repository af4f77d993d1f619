import { type Refusal, refusal } from '../base/index.ts'
import type { ArchiveFile } from './archive/limits.ts'
import { assetsOf, type Assets } from './assets.ts'
import { unpack } from './archive/pack.ts'
import { MANIFEST_FILE, type Manifest, parseManifest, PLAYER_FILE } from './manifest.ts'
import { isRefused } from './refused.ts'
import type { PreparedProcess } from './process/types.ts'
import { checkModule } from './wasm/check.ts'
import { instrument } from './wasm/instrument.ts'

/** An archive taken apart and found to be a generator's. */
export interface OpenedArchive {
  readonly manifest: Manifest
  readonly files: readonly ArchiveFile[]
  /** What runs; of a process without a named entry the first executable file; of a pattern its text. */
  readonly entry: ArchiveFile
}

/** A WASM generator, or the player of a pattern, compiled with its step budget: made once for an archive, then started as often as it is played. */
export interface PreparedWasm {
  readonly runtime: 'wasm'
  readonly manifest: Manifest
  /** Goes to worker threads by structured clone. */
  readonly module: WebAssembly.Module
  /** The archive's files, where the module may ask for them. */
  readonly assets?: Assets
}
/** What a runtime starts instances of. */
export type PreparedGenerator = PreparedWasm | PreparedProcess

/** Takes an archive apart. Codes: those of `unpack`, MANIFEST_MISSING, MANIFEST_INVALID, GENERATOR_ENTRY_MISSING. */
export function openArchive(archive: Uint8Array): OpenedArchive | Refusal {
  const files = unpack(archive)
  return isRefused(files) ? files : openFiles(files)
}

/** The same for files that are not packed yet. Codes: MANIFEST_MISSING, MANIFEST_INVALID, GENERATOR_ENTRY_MISSING. */
export function openFiles(files: readonly ArchiveFile[]): OpenedArchive | Refusal {
  const json = files.find((file) => file.path === MANIFEST_FILE)
  if (!json) return refusal('MANIFEST_MISSING', `the archive has no ${MANIFEST_FILE} at its top`)
  const manifest = parseManifest(json.bytes)
  if (isRefused(manifest)) return manifest
  const { entry: wanted } = manifest
  const entry = files.find((file) => (wanted === undefined ? file.executable : file.path === wanted))
  if (entry) return { manifest, files, entry }
  const what = wanted === undefined ? 'an executable file' : `${JSON.stringify(wanted)}, its entry`
  return refusal('GENERATOR_ENTRY_MISSING', `the archive of ${manifest.name} does not hold ${what}`)
}

/**
 * Everything between an archive's bytes and its first instance: unpack, read the manifest, check the module, insert the
 * step budget, compile. Codes: those of `openArchive` and `checkModule`; GENERATOR_NOT_ALLOWED for a process, which
 * `prepareAllowed` prepares.
 */
export function prepareGenerator(archive: Uint8Array): PreparedWasm | Refusal {
  const opened = openArchive(archive)
  return isRefused(opened) ? opened : prepareOpened(opened)
}

/**
 * The same for an archive whose processes may run here, its player having said so: `file` is where it lies. Whether there
 * are walls to run it in is for who starts it to find out.
 */
export function prepareAllowed(archive: Uint8Array, file: string): PreparedGenerator | Refusal {
  const opened = openArchive(archive)
  if (isRefused(opened)) return opened
  const { manifest, entry } = opened
  return manifest.runtime === 'process'
    ? { runtime: 'process', manifest, file, entry: entry.path }
    : prepareOpened(opened)
}

function prepareOpened({ manifest, files, entry }: OpenedArchive): PreparedWasm | Refusal {
  if (manifest.runtime === 'process')
    return refusal(
      'GENERATOR_NOT_ALLOWED',
      `${manifest.name} runs as a process, which can do more than sound: \`generator allow\` lets it, \`trust\` all that its author publishes`,
    )
  // A pattern is its player, which reads the text beside it: so its voices are those of the archive, whoever plays it.
  const code = manifest.runtime === 'pattern' ? files.find(({ path }) => path === PLAYER_FILE) : entry
  if (!code)
    return refusal(
      'GENERATOR_ENTRY_MISSING',
      `the archive of ${manifest.name} does not hold ${PLAYER_FILE}, which plays its text: \`generator pack\` and \`generator publish\` put it in`,
    )
  const checked = checkModule(code.bytes)
  if (isRefused(checked)) return refusal(checked.code, `${code.path} of ${manifest.name}: ${checked.message}`)
  const module = new WebAssembly.Module(instrument(checked) as Uint8Array<ArrayBuffer>)
  const asks = checked.imports.some((name) => name === 'asset_size' || name === 'asset_read')
  return { runtime: 'wasm', manifest, module, ...(asks && { assets: assetsOf(files) }) }
}
