import type { FileHandle } from 'node:fs/promises'

/** Bytes of a frame: two float32. */
export const BYTES_PER_FRAME = 8

/** Interleaved float32 as little-endian bytes: a view on little-endian machines, which all that Node runs on are. */
export const floatBytes = (samples: Float32Array): Uint8Array =>
  new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)

/** Writes all of it: one write may take less than it is given. @param at offset in the file; its end where left out */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, at?: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const place = at === undefined ? null : at + done
    done += (await handle.write(bytes, done, bytes.length - done, place)).bytesWritten
  }
}
