import { copyFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { MarmaladeError, hasCode, isBlobId, type BlobId } from '../../lib/base/index.ts'
import { addFile, blobsContract, type BlobRow, type BlobsCollected } from '../../plugins/blobs/index.ts'
import { type Context, act, addCommand, addGroup, numberOf, textOption } from '../cli/context.ts'
import { keptHere } from '../cli/kept-here.ts'
import { progressBar } from '../cli/progress.ts'
import { beginning, isPrefix, shortOf } from '../cli/prefix.ts'
import { fitted } from '../cli/screen.ts'
import { age, bytes, many, plain, table } from '../cli/words.ts'

/** How long `get` waits for anything to come of a blob, seconds. */
const WAIT = 60

export function addBlobs(program: Command): void {
  const blobs = addGroup(program, {
    usage: 'blobs',
    summary: 'blobs: archives, pictures and other bytes named by their hash',
    examples: ['blobs list', 'blobs get SsZd3b3x --out bass.tgz', 'blobs gc --dry-run'],
  })
  addList(blobs)
  addGet(blobs)
  addAdd(blobs)
  addPin(blobs, 'pin', 'keep a blob that nobody names')
  addPin(blobs, 'unpin', 'let a blob go that was added or pinned by hand, when room is needed')
  addRm(blobs)
  addGc(blobs)
}

/**
 * The blob that text names: its id, or how that of a blob which is here begins.
 * @throws USAGE, PREFIX_AMBIGUOUS, BLOB_UNKNOWN
 */
async function blobOf(context: Context, text: string): Promise<BlobId> {
  if (isBlobId(text)) return text
  if (!isPrefix(text))
    throw new MarmaladeError(
      'USAGE',
      `${text} is no blob id, nor 4 characters that one begins with: see \`blobs list\``,
    )
  const rows = await rowsHere(context)
  const found = beginning(
    text,
    rows.map(({ blob }) => ({ id: blob, meant: blob })),
  )
  if (found === undefined)
    throw new MarmaladeError('BLOB_UNKNOWN', `no blob here begins with ${text}: see \`blobs list\``)
  return found
}

async function rowsHere(context: Context): Promise<BlobRow[]> {
  const rows: BlobRow[] = []
  await withBlobs(context, async ({ list }) => {
    for await (const row of list()) rows.push(row)
  })
  return rows
}

function addList(blobs: Command): void {
  const command = addCommand(blobs, {
    usage: 'list',
    summary: 'the blobs that are here: how their ids begin, size, age, and who needs them',
    examples: ['blobs list', 'blobs list --json'],
  })
  act(command, async (context) => {
    const rows = await rowsHere(context)
    context.print(rows, () => listing(rows))
  })
}

function listing(rows: readonly BlobRow[]): string {
  if (rows.length === 0) return 'none yet: `blobs add FILE` makes one'
  const cells = rows.map(({ blob, size, usedAt, pinned }) => [
    shortOf(blob),
    bytes(size),
    `${age(Date.now() - usedAt)} ago`,
    pinned.length === 0 ? 'nobody' : plain(pinned.join(', ')),
  ])
  const all = rows.reduce((sum, { size }) => sum + size, 0)
  return `${fitted(table(['blob', 'size', 'used', 'needed by'], cells))}\n${many(rows.length, 'blob')}, ${bytes(all)}`
}

function addGet(blobs: Command): void {
  const command = addCommand(blobs, {
    usage: 'get <blob>',
    summary: 'bring a blob here, and write it to a file',
    examples: ['blobs get SsZd3b3x --out bass.tgz', 'blobs get "&YmFz…=.sha256" --max-bytes 1000000000'],
  })
    .option('--out <file>', 'where to write a copy')
    .option('--max-bytes <bytes>', 'the most bytes to take (default: blobs.maxBytes of the configuration)')
    .option('--wait <seconds>', `how long to wait for anything to come of it (default: ${WAIT})`)
  act(command, async (context, [id = ''], options) => {
    const blob = await blobOf(context, id)
    const out = textOption(options['out'])
    const here = await fetched(context, blob, options)
    if (out !== undefined) await copyTo(here.file, resolve(out))
    const got = { blob, size: here.size, file: out === undefined ? here.file : resolve(out) }
    context.print(got, () => `${bytes(got.size)} in ${got.file}`)
  })
}

interface Here {
  readonly file: string
  readonly size: number
}

/** The file of a blob, brought here where it is not. */
async function fetched(context: Context, blob: BlobId, options: Record<string, unknown>): Promise<Here> {
  const most = textOption(options['maxBytes'])
  const maxBytes = most === undefined ? undefined : numberOf(most, '--max-bytes')
  const wait = numberOf(textOption(options['wait']) ?? String(WAIT), '--wait') * 1_000
  const node = await context.nodeIfRunning(blobsContract)
  if (!node) return keptHere(context, ({ store }) => fileHere(store, blob))
  const quiet = new AbortController()
  const timer = setTimeout(() => quiet.abort(), wait)
  const bar = progressBar('fetching')
  try {
    const args = maxBytes === undefined ? { blob } : { blob, maxBytes }
    for await (const item of node.blobs.fetch(args, { signal: quiet.signal })) {
      timer.refresh()
      if (item.kind === 'here') return item
      bar.update(item.done, item.total)
    }
  } catch (error) {
    throw explained(error, blob)
  } finally {
    clearTimeout(timer)
    bar.stop()
  }
  throw new MarmaladeError('BLOB_UNAVAILABLE', `${blob} did not come`)
}

function explained(error: unknown, blob: BlobId): unknown {
  if (hasCode(error, 'BLOB_TOO_LARGE'))
    return new MarmaladeError('BLOB_TOO_LARGE', `${blob} has more bytes than are taken: --max-bytes raises the bound`)
  if (hasCode(error, 'CANCELLED'))
    return new MarmaladeError(
      'BLOB_UNAVAILABLE',
      `nobody connected gave ${blob}: \`connect\` to its publisher, or --wait`,
    )
  return error
}

async function fileHere(
  store: { size(id: BlobId): Promise<number | undefined>; path(id: BlobId): string },
  id: BlobId,
) {
  const size = await store.size(id)
  if (size === undefined)
    throw new MarmaladeError('BLOB_UNKNOWN', `${id} is not here, and no node runs to fetch it: \`start\` one`)
  return { file: store.path(id), size }
}

async function copyTo(file: string, out: string): Promise<void> {
  try {
    await copyFile(file, out)
  } catch (cause) {
    throw new MarmaladeError('BLOB_FILE', `${out} cannot be written: give another --out`, { cause })
  }
}

function addAdd(blobs: Command): void {
  const command = addCommand(blobs, {
    usage: 'add <file>',
    summary: 'make a file a blob, kept until you unpin it',
    examples: ['blobs add cover.png'],
  })
  act(command, async (context, [file = '']) => {
    const path = resolve(file)
    const node = await context.nodeIfRunning(blobsContract)
    const added = node
      ? await node.blobs.add({ file: path })
      : await keptHere(context, ({ store }) => addFile(store, path))
    context.print(added, () => added.blob)
  })
}

function addPin(blobs: Command, verb: 'pin' | 'unpin', summary: string): void {
  const command = addCommand(blobs, { usage: `${verb} <blob>`, summary, examples: [`blobs ${verb} SsZd3b3x`] })
  act(command, async (context, [id = '']) => {
    const blob = await blobOf(context, id)
    await withBlobs(context, (all) => all[verb]({ blob }))
    context.print({ blob }, () => `${blob} is ${verb === 'pin' ? 'kept' : 'no longer kept by hand'}`)
  })
}

function addRm(blobs: Command): void {
  const command = addCommand(blobs, {
    usage: 'rm <blob>',
    summary: 'take a blob away at once; what others need comes again when it is asked for',
    examples: ['blobs rm SsZd3b3x'],
  })
  act(command, async (context, [id = '']) => {
    const blob = await blobOf(context, id)
    const gone = await withBlobs(context, (all) => all.remove({ blob }))
    context.print(gone, () => `${bytes(gone.size)} freed`)
  })
}

function addGc(blobs: Command): void {
  const command = addCommand(blobs, {
    usage: 'gc',
    summary: 'take away what nobody needs, used longest ago first, until the quota holds',
    examples: ['blobs gc --dry-run', 'blobs gc'],
  }).option('--dry-run', 'say what would go, and take nothing away')
  act(command, async (context, _args, { dryRun }) => {
    const collected = await withBlobs(context, (all) => all.collect({ dryRun: dryRun === true }))
    context.print(collected, () => collectedWords(collected, dryRun === true ? 'would go' : 'went'))
  })
}

function collectedWords(all: BlobsCollected, verb: string): string {
  const { blobs, bytes: size, quota, pinned, pinnedBytes, removed, removedBytes, ids } = all
  const bound = quota === 0 ? 'no quota' : `quota ${bytes(quota)}`
  return [
    `${many(blobs, 'blob')}, ${bytes(size)}, ${bound}; ${pinned} needed, ${bytes(pinnedBytes)}`,
    removed === 0 ? 'nothing has to go' : `${many(removed, 'blob')} ${verb}, ${bytes(removedBytes)}`,
    ...ids,
  ].join('\n')
}

type Managed = Parameters<Parameters<typeof keptHere>[1]>[0]['managed']

/** Through the node where one runs, else with the home opened here. */
async function withBlobs<T>(context: Context, ask: (blobs: Managed) => Promise<T>): Promise<T> {
  const node = await context.nodeIfRunning(blobsContract)
  return node ? ask(node.blobs) : keptHere(context, ({ managed }) => ask(managed))
}
