import type { Command } from 'commander'
import { base64, fromBase64, fromUtf8 } from '../../lib/base/index.ts'
import { SIGNATURE_BYTES } from '../../lib/entry/index.ts'
import { feedsContract, type EntryRow } from '../../plugins/feeds/index.ts'
import { act, addCommand, type Context } from '../cli/context.ts'
import { openOffline } from '../cli/offline.ts'
import { plain } from '../cli/words.ts'

/** The most that the node gives in one call. */
const MOST = 1_000_000

export function addFeed(program: Command): void {
  const command = addCommand(program, {
    usage: 'feed [player]',
    summary: 'the entries of a feed, oldest first: your own, or that of a player',
    examples: ['feed', 'feed ada', 'feed ada --raw', 'feed --json'],
  }).option('--raw', 'the signed text and its signature, as they are')
  act(command, async (context, [player], { raw }) => {
    await print(context, rowsOf(context, player, raw === true))
  })
}

/** Through the node where one runs. */
async function* rowsOf(context: Context, player: string | undefined, raw: boolean): AsyncGenerator<EntryRow> {
  const node = await context.nodeIfRunning(feedsContract)
  if (node) {
    yield* node.feeds.read({ ...(player !== undefined && { player }), limit: MOST, raw })
    return
  }
  const home = await openOffline(context)
  try {
    const id = player === undefined ? home.identity.id : home.directory.resolve(player)
    for await (const { key, comparable, parent, payload, bytes } of home.store.read(id))
      yield { key, comparable, parent, payload, ...(raw && { raw: base64(bytes) }) }
  } finally {
    await home.close()
  }
}

/** One row after the other, however long the feed: words a line each, or one JSON object. */
async function print(context: Context, rows: AsyncIterable<EntryRow>): Promise<void> {
  let count = 0
  for await (const row of rows) {
    const before = count++ === 0 ? '{"entries":[' : ','
    const text = context.json ? `${before}${JSON.stringify(objectOf(row))}` : `${wordsOf(row)}\n`
    if (!(await write(text))) return
  }
  if (context.json) await write(count === 0 ? '{"entries":[]}\n' : ']}\n')
  else if (count === 0) await write('no entries yet\n')
}

function objectOf({ raw, ...row }: EntryRow): object {
  return raw === undefined ? row : { ...row, ...signed(raw) }
}

/** The text as it was signed, and the signature in base64. */
function signed(raw: string): { text: string; signature: string } {
  const bytes = fromBase64(raw)
  const end = bytes.length - SIGNATURE_BYTES
  return { text: fromUtf8(bytes.subarray(0, end)), signature: base64(bytes.subarray(end)) }
}

function wordsOf({ key, comparable, payload, raw }: EntryRow): string {
  if (raw !== undefined) {
    const { text, signature } = signed(raw)
    // Into a pipe go the very bytes; a terminal would take some of them for commands.
    return `${process.stdout.isTTY ? plain(text) : text}\n${signature}`
  }
  const when = new Date(comparable / 1_000).toISOString().slice(0, 19).replace('T', ' ')
  return `${when}  ${plain(said(payload))}  ${key}`
}

function said(payload: unknown): string {
  if (typeof payload !== 'object' || payload === null) return 'encrypted'
  const { type, ...rest } = payload as Record<string, unknown>
  return `${String(type)} ${JSON.stringify(rest)}`
}

/** False where nobody reads any more, as in `feed | head`. */
function write(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const gone = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EPIPE') resolve(false)
      else reject(error)
    }
    process.stdout.once('error', gone)
    process.stdout.write(text, (error) => {
      if (error) return
      process.stdout.off('error', gone)
      resolve(true)
    })
  })
}
