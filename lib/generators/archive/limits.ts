/** Most files in one archive. */
export const MAX_FILES = 1_000
/** Most bytes of all its files together. */
export const MAX_BYTES = 64 * 1024 * 1024
/** Most bytes of the tar stream: the files, their padding, a header for each and for each folder. */
export const MAX_TAR_BYTES = MAX_BYTES + 4 * 1024 * 1024

/** One file of an archive, its path relative with `/` between parts. */
export interface ArchiveFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly executable: boolean
}
