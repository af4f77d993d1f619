import { Command, CommanderError, Option } from 'commander'
import { MarmaladeError, hasCode } from '../../lib/base/index.ts'
import { connectLocal, type Contract, type LocalNode, type Remote } from '../../lib/host/index.ts'
import { homeAt, type Home } from '../../lib/store/index.ts'

/** What every command takes. */
export interface Globals {
  readonly json?: boolean
  readonly home?: string
}

/** What a command works with: where its home is, how it prints, and the node if one runs. */
export class Context {
  readonly json: boolean
  readonly home: Home
  readonly homeOption: string | undefined
  #node: LocalNode | undefined

  constructor(globals: Globals) {
    this.json = globals.json ?? false
    this.homeOption = globals.home
    this.home = homeAt(globals.home)
  }

  /** One JSON object on standard output with `--json`, else the words. */
  print(object: unknown, words: () => string): void {
    process.stdout.write(this.json ? `${JSON.stringify(object)}\n` : `${words()}\n`)
  }

  /** The running node's methods of a contract. @throws NODE_NOT_RUNNING */
  async node<C extends Contract>(contract: C): Promise<Remote<C>> {
    this.#node ??= await connectLocal(this.home.socket)
    return this.#node.remote(contract)
  }

  /** The same, undefined where no node runs on this home. */
  async nodeIfRunning<C extends Contract>(contract: C): Promise<Remote<C> | undefined> {
    try {
      return await this.node(contract)
    } catch (error) {
      if (hasCode(error, 'NODE_NOT_RUNNING')) return undefined
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#node?.close()
  }
}

interface Shape {
  /** As in `follow <player>`. */
  readonly usage: string
  readonly summary: string
  readonly examples: readonly string[]
}

/** Adds a command with `--json`, `--home` and examples in its help. */
export function addCommand(parent: Command, shape: Shape): Command {
  return addGroup(parent, shape)
    .addOption(new Option('--json', 'print one JSON object'))
    .addOption(new Option('--home <folder>', 'the home folder (default: $MARMALADE_HOME, else ~/.marmalade)'))
}

/** Adds a command that only gathers others, with examples in its help. */
export function addGroup(parent: Command, { usage, summary, examples }: Shape): Command {
  return parent
    .command(usage)
    .summary(summary)
    .description(summary)
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ marmalade ${line}`).join('\n')}`)
}

type Action = (context: Context, args: readonly string[], options: Record<string, unknown>) => Promise<void>

/** What a command does, with its context opened before and closed after. */
export function act(command: Command, action: Action): Command {
  return command.action(async (...given: unknown[]) => {
    const options = given.at(-2) as Record<string, unknown> & Globals
    const args = given
      .slice(0, -2)
      .flat()
      .filter((arg): arg is string => typeof arg === 'string')
    const context = new Context(options)
    try {
      await action(context, args, options)
    } finally {
      await context.close()
    }
  })
}

/** The one line that says what failed and what to do, and the exit code: 1 failed, 2 bad usage. */
export function report(error: unknown, json: boolean): number {
  if (error instanceof CommanderError) return reportUsage(error, json)
  const known = error instanceof MarmaladeError
  const code = known ? error.code : 'INTERNAL'
  const message = error instanceof Error ? error.message : String(error)
  complain(code, message, json)
  if (!known && error instanceof Error && process.env['MARMALADE_DEBUG'] !== undefined) {
    process.stderr.write(`${error.stack ?? ''}\n`)
  }
  return code === 'USAGE' ? 2 : 1
}

function reportUsage({ exitCode, code, message }: CommanderError, json: boolean): number {
  if (exitCode === 0) return 0
  // A group that is called alone has shown its help.
  if (code !== 'commander.help') {
    const what = message
      .replace(/^error: /, '')
      .replaceAll('\n', ' ')
      .replace(/\.$/, '')
    complain('USAGE', `${what}: \`--help\` after a command shows how it is used`, json)
  }
  return 2
}

function complain(code: string, message: string, json: boolean): void {
  process.stderr.write(json ? `${JSON.stringify({ error: { code, message } })}\n` : `marmalade: ${message} (${code})\n`)
}

/** A number from the command line. @throws USAGE */
export function numberOf(text: string, what: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value))
    throw new MarmaladeError('USAGE', `${what} is a number, not ${text}`)
  return value
}

/** `k=v` with a number. @throws USAGE */
export function settingOf(text: string): [name: string, value: number] {
  const at = text.indexOf('=')
  if (at < 1) throw new MarmaladeError('USAGE', `write a setting as name=number, not ${text}`)
  return [text.slice(0, at), numberOf(text.slice(at + 1), text.slice(0, at))]
}

/** `k=v` where v is a number if it looks like one, else text. @throws USAGE */
export function tagOf(text: string): { name: string; value: number | string } {
  const at = text.indexOf('=')
  if (at < 1) throw new MarmaladeError('USAGE', `write it as name=value, not ${text}`)
  return { name: text.slice(0, at), value: valueOf(text.slice(at + 1)) }
}
export const valueOf = (text: string): number | string =>
  text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text

/** An option as text, if given. */
export const textOption = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
