import type { Command } from 'commander'
import { base64, fromBase64, fromUtf8 } from '../../lib/base/index.ts'
import { SIGNATURE_BYTES } from '../../lib/entry/index.ts'
import { feedsContract, lostBranches, type EntryRow, type LostRow } from '../../plugins/feeds/index.ts'
import { act, addCommand, type Context } from '../cli/context.ts'
import { entriesOf } from '../cli/entries.ts'
import { openOffline } from '../cli/offline.ts'
import { shortOf } from '../cli/prefix.ts'
import { cut, screenWidth } from '../cli/screen.ts'
import { summary, timeOf } from '../cli/summary.ts'
import { plain, since } from '../cli/words.ts'
import { addFeedRebase, addFeedResume } from './feed-own.ts'

export function addFeed(program: Command): void {
  const command = addCommand(program, {
    usage: 'feed [player]',
    summary: 'the entries of a feed, oldest first: your own, or that of a player',
    examples: ['feed', 'feed ada', 'feed ada --raw', 'feed --json', 'feed rebase --drop IH99NHKN'],
  }).option('--raw', 'the signed text and its signature, as they are')
  act(command, async (context, [player], { raw }) => {
    const rows = entriesOf(context, { raw: raw === true, ...(player !== undefined && { player }) })
    await print(context, rows, () => aboutFeed(context, player))
  })
  addFeedRebase(command)
  addFeedResume(command)
}

/** What besides its entries there is to know of a feed. */
interface About {
  /** Branches that lost and are kept. */
  readonly lost: readonly LostRow[]
  /** What the owner should know of the own feed, a sentence each. */
  readonly words: readonly string[]
}

async function aboutFeed(context: Context, player: string | undefined): Promise<About> {
  const node = await context.nodeIfRunning(feedsContract)
  const lost: LostRow[] = []
  if (node) {
    for await (const row of node.feeds.lost(player === undefined ? {} : { player })) lost.push(row)
    return { lost, words: player === undefined ? (await node.feeds.health()).words : [] }
  }
  const home = await openOffline(context)
  try {
    const { store, identity, directory } = home
    const id = player === undefined ? identity.id : directory.resolve(player)
    for await (const row of lostBranches(store, id)) lost.push(row)
    return { lost, words: [] }
  } finally {
    await home.close()
  }
}

const wordsOfLost = ({ key, comparable, entries }: LostRow): string =>
  `a branch that lost is kept: ${entries} ${entries === 1 ? 'entry' : 'entries'}, the newest ${since(comparable)}, ${shortOf(key)}`

/** One row after the other, however long the feed: words a line each, or one JSON object. */
async function print(context: Context, rows: AsyncIterable<EntryRow>, about: () => Promise<About>): Promise<void> {
  let count = 0
  for await (const row of rows) {
    const before = count++ === 0 ? '{"entries":[' : ','
    const text = context.json ? `${before}${JSON.stringify(objectOf(row))}` : `${wordsOf(row)}\n`
    if (!(await write(text))) return
  }
  const { lost, words } = await about()
  if (context.json) {
    await write(`${count === 0 ? '{"entries":[' : ''}],"lost":${JSON.stringify(lost)}}\n`)
    return
  }
  if (count === 0) await write('no entries yet\n')
  for (const line of [...lost.map(wordsOfLost), ...words]) await write(`${line}\n`)
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
  const said = plain(summary({ comparable, payload }))
  return cut(`${timeOf(comparable)}  ${shortOf(key)}  ${said}`, screenWidth())
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
