/** Interleaved float32 as little-endian bytes: a view on little-endian machines, which all that Node runs on are. */
export const floatBytes = (samples: Float32Array): Uint8Array =>
  new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
