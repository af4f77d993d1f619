import type { Command } from 'commander'
import { hasCode, MarmaladeError } from '../../lib/base/index.ts'
import type { Remote } from '../../lib/host/index.ts'
import { invitesContract, type InviteRow } from '../../plugins/invites/index.ts'
import { act, addCommand, addGroup, numberOf, textOption, type Context } from '../cli/context.ts'
import { age, table } from '../cli/words.ts'
import { startInBackground } from './start.ts'

const WEEK = '7d'
/** Characters of standard input that can hold a code. */
const MAX_INPUT = 4_000
const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

export function addInvite(program: Command): void {
  const invite = addGroup(program, {
    usage: 'invite',
    summary: 'bring others in: one code, and they are connected, following and in the jam',
    examples: ['invite create --jam friday --uses 3', 'invite accept marmalade1qp…', 'invite list'],
  })
  addCreate(invite)
  addAccept(invite)
  addListAndRevoke(invite)
}

function addCreate(invite: Command): void {
  const command = addCommand(invite, {
    usage: 'create',
    summary: 'make a code that lets others in; whoever has it may come, as often as it may be used',
    examples: ['invite create', 'invite create --jam friday --uses 3', 'invite create --expires 2h'],
  })
    .option('--jam <jam>', 'a jam that they are admitted to (default: none, they only follow)')
    .option('--uses <count>', 'players that may come in by it, 1 to 100 (default: 1)')
    .option('--expires <time>', `good for so long, as 30m, 12h, 7d, or never (default: ${WEEK})`)
    .option('--no-follow', 'do not follow them')
  act(command, async (context, _args, options) => {
    const jam = textOption(options['jam'])
    const uses = textOption(options['uses'])
    const expiresIn = millisOf(textOption(options['expires']) ?? WEEK)
    const node = await context.node(invitesContract)
    const made = await node.invite.create({
      ...(jam !== undefined && { jam }),
      ...(uses !== undefined && { uses: usesOf(uses) }),
      ...(expiresIn !== undefined && { expiresIn }),
      follow: options['follow'] !== false,
    })
    context.print(made, () =>
      [
        made.code,
        '',
        `good for ${made.uses === 1 ? 'one player' : `${made.uses} players`}, ${until(made)}:`,
        'they run `marmalade invite accept` and the code',
        made.addresses.length === 0
          ? 'it holds no address: this node listens nowhere'
          : `they connect to ${made.addresses.map((address) => address.split('~')[0] ?? '').join(', ')}`,
        `\`invite revoke ${made.invite}\` takes it back`,
      ].join('\n'),
    )
  })
}

function addAccept(invite: Command): void {
  const command = addCommand(invite, {
    usage: 'accept <code...>',
    summary:
      'take up an invite, `-` for one from standard input: connects, follows and joins; starts a node in the background if none runs',
    examples: ['invite accept marmalade1qp…', 'invite accept - < code.txt'],
  })
  act(command, async (context, parts) => {
    const code = parts.join('') === '-' ? await fromStandardInput() : parts.join('')
    const { node, started } = await nodeOf(context)
    const found = await node.invite.accept({ code })
    context.print({ ...found, started: started !== undefined }, () => {
      const where = found.jam === undefined ? '' : ` and asked to join ${found.jam.split(':').at(-1) ?? ''}`
      return [
        ...(started === undefined
          ? []
          : [`a node runs in the background now; \`shutdown\` ends it, its log is ${started}`]),
        found.connected
          ? `connected: you follow ${found.shown}${where === '' ? '' : `${where}, and are let in`}`
          : `you follow ${found.shown}${where}; the inviter cannot be reached now and is tried again: ${found.error ?? ''}`,
      ].join('\n')
    })
  })
}

/** A code that is not to be seen in the list of processes. @throws USAGE where there is none, or far more */
async function fromStandardInput(): Promise<string> {
  let text = ''
  for await (const piece of process.stdin.setEncoding('utf8')) {
    text += String(piece)
    if (text.length > MAX_INPUT) break
  }
  if (text.trim() === '' || text.length > MAX_INPUT)
    throw new MarmaladeError('USAGE', 'standard input holds no invite code: `invite accept - < code.txt`')
  return text
}

/** The running node, or one that is started; then with the path of its log. */
async function nodeOf(
  context: Context,
): Promise<{ node: Remote<typeof invitesContract>; started: string | undefined }> {
  try {
    return { node: await context.node(invitesContract), started: undefined }
  } catch (error) {
    if (!hasCode(error, 'NODE_NOT_RUNNING')) throw error
    const home = context.homeOption === undefined ? [] : ['--home', context.homeOption]
    const { log } = await startInBackground(context, ['start', ...home])
    return { node: await context.node(invitesContract), started: log }
  }
}

function addListAndRevoke(invite: Command): void {
  const list = addCommand(invite, { usage: 'list', summary: 'the invites of this node', examples: ['invite list'] })
  act(list, async (context) => {
    const rows = await (await context.node(invitesContract)).invite.list()
    context.print(rows, () => {
      if (rows.length === 0) return 'none yet: `invite create`'
      const cells = rows.map((row) => [
        row.invite,
        row.jam?.split(':').at(-1) ?? '',
        row.state,
        `${row.left} of ${row.uses}`,
        row.state === 'open' ? until(row) : '',
        row.joined.map(({ shown }) => shown).join(', '),
      ])
      return table(['invite', 'jam', 'state', 'left', 'good', 'came in'], cells)
    })
  })
  const revoke = addCommand(invite, {
    usage: 'revoke <invite>',
    summary: 'take an invite back; who came in by it stays in',
    examples: ['invite revoke 3f9a01c2'],
  })
  act(revoke, async (context, [named = '']) => {
    const row = await (await context.node(invitesContract)).invite.revoke({ invite: named })
    context.print(row, () => `invite ${row.invite} is good for nobody any more`)
  })
}

const until = ({ expires }: Pick<InviteRow, 'expires'>): string =>
  expires === undefined ? 'until it is revoked' : `for ${age(expires - Date.now())}`

function usesOf(text: string): number {
  const uses = numberOf(text, '--uses')
  if (!Number.isInteger(uses) || uses < 1 || uses > 100) throw new MarmaladeError('USAGE', '--uses lies from 1 to 100')
  return uses
}

/** `30m`, `12h`, `7d`, `2w` in milliseconds; undefined for `never`. */
function millisOf(text: string): number | undefined {
  if (text === 'never') return undefined
  const [, count = '', unit] = /^(\d{1,4})([mhdw])$/.exec(text) ?? []
  const millis = Number(count) * (unit === undefined ? NaN : UNITS[unit as keyof typeof UNITS])
  if (!(millis > 0)) throw new MarmaladeError('USAGE', `--expires is a time like 30m, 12h or 7d, or never; not ${text}`)
  return millis
}
