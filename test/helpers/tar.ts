import { gzipSync } from 'node:zlib'
import tarStream, { type Header } from 'tar-stream'

/** A gzipped tar as another program writes it, with whatever headers are asked for. */
export async function writeWithTarStream(
  entries: readonly (Partial<Header> & { name: string; content?: string })[],
): Promise<Uint8Array> {
  const pack = tarStream.pack()
  for (const { content, ...header } of entries) pack.entry(header, content ?? '')
  pack.finalize()
  return new Uint8Array(gzipSync(await collect(pack)))
}

/** The entries of a tar as another program reads them. */
export async function readWithTarStream(
  tar: Uint8Array,
): Promise<{ readonly name: string; readonly header: Header; readonly bytes: Uint8Array }[]> {
  const entries: { name: string; header: Header; bytes: Uint8Array }[] = []
  const extract = tarStream.extract()
  extract.end(Buffer.from(tar))
  for await (const entry of extract)
    entries.push({ name: entry.header.name, header: entry.header, bytes: new Uint8Array(await collect(entry)) })
  return entries
}

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of stream) if (part instanceof Uint8Array) parts.push(part)
  return Buffer.concat(parts)
}
