import { fromBase64, fromUtf8, type EntryKey } from '../../lib/base/index.ts'
import { SIGNATURE_BYTES } from '../../lib/entry/index.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import type { DemoPlayer } from './players.ts'
import { capital, wrapped, type Story } from './words.ts'

/** More characters of an id than these tell a reader nothing. */
const SHOWN = 9
const INDENT = '    '

/** Shows one entry of a player as another's node has it: its text, with ids cut short. */
export async function showEntry(story: Story, author: DemoPlayer, at: DemoPlayer, key: EntryKey): Promise<void> {
  for await (const row of at.ask(feedsContract).feeds.read({ player: author.identity, raw: true })) {
    if (row.key !== key || row.raw === undefined) continue
    const bytes = fromBase64(row.raw)
    const text = fromUtf8(bytes.subarray(0, bytes.length - SIGNATURE_BYTES))
    story.say()
    story.say(
      `  That is an entry of ${bytes.length} bytes, and ${capital(at.name)}'s node has it by now (ids cut short):`,
    )
    story.aside(wrapped(cutShort(text), INDENT))
    story.say(`  and ${capital(author.name)}'s signature, ${SIGNATURE_BYTES} bytes. Nothing else of it ever travels.`)
    story.say()
    return
  }
}

const cutShort = (text: string): string =>
  text.replace(/([@%&])([A-Za-z0-9+/]{43}=)\.(?:ed25519|sha256)/g, (_, sigil: string, hash: string) => {
    return `${sigil}${hash.slice(0, SHOWN)}…`
  })
