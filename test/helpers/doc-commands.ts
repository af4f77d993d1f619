import { spawn } from 'node:child_process'
import { chmod, mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Teardown } from './hosts.ts'
import { PROGRAM } from './programs.ts'

/*
 * Documents whose commands are run: what a reader types, in the order in which it stands, beginning with nothing.
 *
 * Run are
 *   - indented blocks (four blanks) whose first word is one of WORDS, `$` before it or not: each line is a command. Where the first line
 *     begins with `$`, only those that do are, and the others show what is printed;
 *   - fenced blocks of `sh`, likewise.
 * A `\` at a line's end goes on with the next; what stands behind `#` is for the reader.
 *
 * Written are fenced blocks below a line that is a path alone, in backquotes, with a colon: "`ping/generator.json`:".
 *
 * Comments of Markdown, which readers do not see, say what is different. The first two are about the block that follows:
 *   <!-- not run: WHY -->    it is left out; a reason has to be given, and `notRun` of the result lists it
 *   <!-- exit 1 -->          its last command ends with this code; all others with 0
 *   <!-- on NAME -->         from here on another machine: another folder and home. The first is called `here`
 */

/** With what a line of an indented block begins that is a command. */
const WORDS = new Set([
  'marmalade',
  'cd',
  'mkdir',
  'cp',
  'rm',
  'ls',
  'cat',
  'sed',
  'touch',
  'echo',
  'printf',
  'npm',
  'npx',
  'clang',
  'rustc',
])
/** How long a command may take on a busy machine: longer ones are killed, and fail. */
const PATIENCE_MILLIS = 180_000

interface Placed {
  /** In the document, counted from 1. */
  readonly line: number
  readonly machine: string
}
export interface DocCommand extends Placed {
  readonly kind: 'command'
  readonly text: string
  /** With which code it is to end. */
  readonly exit: number
}
export interface DocFile extends Placed {
  readonly kind: 'file'
  readonly path: string
  readonly text: string
}
export interface DocLeftOut {
  readonly kind: 'not run'
  readonly line: number
  readonly why: string
  readonly text: string
}
export type DocStep = DocCommand | DocFile | DocLeftOut

/** A block of a document: indented, or between fences, with the comment and the line of text before it. */
interface Block {
  readonly line: number
  /** What stands behind the opening fence; undefined of an indented block. */
  readonly fence: string | undefined
  readonly lines: readonly string[]
  readonly machine: string
  /** The last line of text before it. */
  readonly before: string
  readonly notRun: string | undefined
  readonly exit: number
}

/** What a document has its reader do, in order. @throws Error for a block that is left out without a reason */
export function stepsOf(markdown: string): DocStep[] {
  return blocksOf(markdown.split('\n')).flatMap((block): DocStep[] => {
    const steps = stepsOfBlock(block)
    if (block.notRun === undefined || steps.length === 0) return steps
    if (block.notRun === '') throw new Error(`line ${block.line}: left out without a reason`)
    return [{ kind: 'not run', line: block.line, why: block.notRun, text: block.lines.join('\n') }]
  })
}

function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = []
  let said: { notRun?: string; exit?: number } = {}
  let machine = 'here'
  let before = ''
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const fence = /^```(\w*)/.exec(line)?.[1]
    const isIndented = line.startsWith('    ') && line.trim() !== '' && (lines[at - 1] ?? '').trim() === ''
    if (fence === undefined && !isIndented) {
      const [, comment] = /^<!-- (.*) -->$/.exec(line) ?? []
      machine = /^on (\S+)$/.exec(comment ?? '')?.[1] ?? machine
      const notRun = /^not run:(.*)/.exec(comment ?? '')?.[1]?.trim()
      const exit = /^exit (\d+)$/.exec(comment ?? '')?.[1]
      said = { ...said, ...(notRun !== undefined && { notRun }), ...(exit !== undefined && { exit: Number(exit) }) }
      if (comment === undefined && line.trim() !== '') before = line
      continue
    }
    const first = fence === undefined ? at : at + 1
    let end = first
    const isInside = (text: string): boolean =>
      fence === undefined ? text.startsWith('    ') : !text.startsWith('```')
    while (end < lines.length && isInside(lines[end] ?? '')) end++
    const inside = lines.slice(first, end).map((text) => (fence === undefined ? text.slice(4) : text))
    blocks.push({ line: first + 1, fence, lines: inside, machine, before, notRun: said.notRun, exit: said.exit ?? 0 })
    said = {}
    before = ''
    at = fence === undefined ? end - 1 : end
  }
  return blocks
}

function stepsOfBlock({ line, fence, lines, machine, before, exit }: Block): (DocCommand | DocFile)[] {
  const path = /^`([^`\s]+)`:$/.exec(before.trim())?.[1]
  if (fence !== undefined && fence !== 'sh')
    return path === undefined ? [] : [{ kind: 'file', line, machine, path, text: `${lines.join('\n')}\n` }]
  const [firstLine = ''] = lines
  const shows = firstLine.startsWith('$ ')
  const [word = ''] = firstLine.replace(/^\$ /, '').split(' ')
  if (fence === undefined && !WORDS.has(word)) return []
  const commands: DocCommand[] = []
  let open = ''
  for (const [n, text] of lines.entries()) {
    if (shows && open === '' && !text.startsWith('$ ')) continue
    open += open === '' ? text.replace(/^\$ /, '') : text
    if (open.endsWith('\\')) {
      open = `${open.slice(0, -1)} `
      continue
    }
    if (open.trim() !== '' && !open.startsWith('#'))
      commands.push({ kind: 'command', line: line + n, machine, text: open, exit: 0 })
    open = ''
  }
  const last = commands.pop()
  return last ? [...commands, { ...last, exit }] : []
}

/** A command as it ended. */
export interface DocRan extends DocCommand {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface RunInit {
  /** What is typed in a command's place: for what only its reader knows, as an invite. `before` are those that have run. */
  readonly typed?: (command: DocCommand, before: readonly DocRan[]) => string
  /** In `config.json` of every home beside a free port on the loopback and no card. */
  readonly config?: Readonly<Record<string, unknown>>
}

/** The folders that a document is played in, one for each of its machines, and nodes that it started. */
export class DocMachines {
  readonly #root: string
  readonly #config: Readonly<Record<string, unknown>>
  /** Where each stands. */
  readonly #at = new Map<string, string>()
  /** Where a node may run. */
  readonly #started = new Set<string>()

  private constructor(root: string, config: Readonly<Record<string, unknown>>) {
    this.#root = root
    this.#config = { host: '127.0.0.1', port: 0, sink: 'null', beacons: 'off', ...config }
  }

  static async make(teardown: Teardown, config: Readonly<Record<string, unknown>> = {}): Promise<DocMachines> {
    const machines = new DocMachines(await realpath(await teardown.folder()), config)
    const program = join(machines.#root, 'bin/marmalade')
    await mkdir(dirname(program))
    await writeFile(program, `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ${JSON.stringify(PROGRAM)} "$@"\n`)
    await chmod(program, 0o755)
    return teardown.add(machines, (it) => it.#shutdown())
  }

  /** Where its reader stands on a machine: a folder that is empty at first. */
  async at(machine = 'here'): Promise<string> {
    const known = this.#at.get(machine)
    if (known !== undefined) return known
    const folder = join(this.#root, machine)
    const home = this.home(machine)
    await mkdir(folder)
    await mkdir(home)
    await writeFile(join(home, 'config.json'), JSON.stringify(this.#config))
    this.#at.set(machine, folder)
    return folder
  }

  /** Its `MARMALADE_HOME`. */
  home(machine = 'here'): string {
    return join(this.#root, `${machine}-home`)
  }

  async write({ machine, path, text }: DocFile): Promise<void> {
    const file = resolve(await this.at(machine), path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }

  /** Runs a command where its machine's reader stands. */
  async run(command: DocCommand, typed = command.text): Promise<DocRan> {
    const { machine } = command
    const cwd = await this.at(machine)
    if (typed.includes('marmalade start')) this.#started.add(machine)
    const stands = join(this.#root, `${machine}-at`)
    const child = spawn('sh', ['-c', `${typed}\ncode=$?\npwd -P > ${JSON.stringify(stands)}\nexit $code`], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        HOME: join(this.#root, machine),
        MARMALADE_HOME: this.home(machine),
        NO_COLOR: '1',
        PATH: `${join(this.#root, 'bin')}:${process.env['PATH'] ?? ''}`,
      },
      timeout: PATIENCE_MILLIS,
      killSignal: 'SIGKILL',
    })
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text
      })
    const code = await new Promise<number>((settle, reject) => {
      child.once('error', reject)
      child.once('close', (status) => settle(status ?? NaN))
    })
    if (!Number.isNaN(code)) this.#at.set(machine, (await readFile(stands, 'utf8')).trim())
    return { ...command, code, ...said }
  }

  /** Nodes in the background end. */
  async #shutdown(): Promise<void> {
    for (const machine of this.#started)
      await this.run({ kind: 'command', text: 'marmalade shutdown', line: 0, machine, exit: 0 })
  }
}

/**
 * Does what a document says, from the first to the last step.
 * @throws Error at the first command that ends with another code than it should, with what it said
 */
export async function runDocument(
  teardown: Teardown,
  markdown: string,
  { typed, config }: RunInit = {},
): Promise<{
  readonly ran: readonly DocRan[]
  readonly notRun: readonly DocLeftOut[]
  readonly machines: DocMachines
}> {
  const machines = await DocMachines.make(teardown, config)
  const ran: DocRan[] = []
  const notRun: DocLeftOut[] = []
  for (const step of stepsOf(markdown)) {
    if (step.kind === 'not run') notRun.push(step)
    else if (step.kind === 'file') await machines.write(step)
    else {
      const done = await machines.run(step, typed?.(step, ran))
      if (done.code !== step.exit) throw new Error(complaint(done))
      ran.push(done)
    }
  }
  return { ran, notRun, machines }
}

const complaint = ({ line, text, code, exit, stdout, stderr }: DocRan): string =>
  `line ${line}: \`${text}\` ended with ${code}, not ${exit}:\n${stdout}${stderr}`
