import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tape'
import type { EntryKey } from '../../lib/base/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { Grid, parseTake } from '../../lib/jam/index.ts'
import { homeAt } from '../../lib/store/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { DocMachines, stepsOf, type DocRan } from '../helpers/doc-commands.ts'
import { bothHaveAll, onNode } from '../helpers/doc-nodes.ts'
import { Teardown, withTeardown } from '../helpers/hosts.ts'
import { eventually } from '../helpers/until.ts'
import { peakOf, recordingOf, stemOf, type Recording } from '../helpers/wavs.ts'

const DOCUMENT = join(packageRoot(), 'docs/tutorial.md')
/** As jams begin that are given no other tempo and meter. */
const GRID = new Grid([{ bar: 0, tempo: 112, meter: '4/4', comparable: 0, key: '' as EntryKey }])
/** What a newcomer may have to type until something of their own sounds. */
const MOST_LINES = 10
/** Frames for which the last notes of these patterns ring. */
const RING = 96_000

/** A newcomer with the document alone: types it line by line, and notes when what came about. */
class Newcomer {
  readonly ran: DocRan[] = []
  /** Lines typed until the first play of their own. */
  lines = 0
  readonly #began = performance.now()
  readonly #machines: DocMachines

  constructor(machines: DocMachines) {
    this.#machines = machines
  }

  async types(t: Test, markdown: string): Promise<void> {
    for (const step of stepsOf(markdown)) {
      const playing = this.ran.some(({ text }) => text.includes('marmalade play'))
      if (!playing) this.lines += step.kind === 'command' ? 1 : step.text.trimEnd().split('\n').length
      if (step.kind === 'not run') continue
      if (step.kind === 'file') {
        await this.#machines.write(step)
        continue
      }
      if (step.text === 'marmalade shutdown' && step.machine === 'here')
        await bothHaveAll(this.#machines, ['here', 'ben'], 'friday')
      const typed = step.text.replace('CODE', this.said('invite create').split('\n')[0] ?? '')
      const done = await this.#machines.run(step, typed)
      t.equal(
        done.code,
        step.exit,
        `line ${step.line}: ${step.text}${done.code === step.exit ? '' : `\n${done.stderr}`}`,
      )
      this.ran.push(done)
      await this.#looks(t, done)
    }
  }

  /** What the last command with these words printed. */
  said(words: string): string {
    return this.ran.findLast(({ text }) => text.includes(words))?.stdout ?? ''
  }

  /** What is to sound by now does. */
  async #looks(t: Test, { text, machine }: DocRan): Promise<void> {
    if (text === 'marmalade play beat') await this.#hears(t, machine, 'beat', 'a sound of one’s own')
    if (text.startsWith('marmalade invite accept')) await this.#hears(t, machine, 'beat-2', 'a friend hears it')
    if (text.includes('--replace beat-2')) {
      await this.#hears(t, 'here', 'beat-3', 'the change')
      await this.#hears(t, 'ben', 'beat-3', 'the change, at the friend’s')
    }
  }

  /** Waits until a machine's node says that an instance sounds there. */
  async #hears(t: Test, machine: string, instance: string, what: string): Promise<void> {
    await onNode(this.#machines, machine, (node) =>
      eventually(`${instance} sounds on ${machine}`, async () => {
        const { instances } = await node.remote(soundContract).sound.status()
        return instances.some(({ path, peak }) => path.endsWith(`/${instance}`) && peak > 0.001)
      }),
    )
    t.comment(`${what}: ${((performance.now() - this.#began) / 1_000).toFixed(0)} s after the first line`)
  }
}

withTeardown(
  'a newcomer with the tutorial alone plays with a friend',
  () => new Teardown(),
  () => [],
  async (t, teardown) => {
    const machines = await DocMachines.make(teardown)
    const newcomer = new Newcomer(machines)
    await newcomer.types(t, readFileSync(DOCUMENT, 'utf8'))

    t.ok(newcomer.lines <= MOST_LINES, `${newcomer.lines} lines from an empty folder to a sound of their own`)
    const [here, ben] = await Promise.all([machines.at('here'), machines.at('ben')])
    const [mine, bens] = [here, ben].map((folder) => recordingOf(join(folder, 'friday.wav'))) as [Recording, Recording]
    t.equal(mine.sha256, bens.sha256, 'both homes replay one file')

    // The edit: from which bar each hears it, as the command said, as the nodes did it, and as it sounds.
    const said = newcomer.said('--replace beat-2').split('\n')[0] ?? ''
    const [, you, friend] = /^beat-3: you from bar (\d+), ben from bar (\d+)$/.exec(said) ?? []
    t.ok(you !== undefined && friend !== undefined, said)
    const frame = GRID.frameOfBar(Number(you) - 1)
    t.deepEqual(startsOf(machines.home('here'), 'beat-3'), [frame], 'it started on the first frame of the bar')
    // On a machine that is too busy to answer within a bar the friend says a later one.
    if (friend !== you) t.comment(said)
    else t.deepEqual(startsOf(machines.home('ben'), 'beat-3'), [frame], 'and at the friend’s')
    const stem = (name: string): Recording => stemOf(join(here, 'stems'), `beat-${name}`)
    const [old, edited] = [stem('beat-2'), stem('beat-3')]
    t.equal(peakOf(edited, 0, frame), 0, 'the new one is not heard before the bar')
    t.ok(peakOf(edited, frame, frame + 4_800) > 0.05, 'and from it on')
    t.ok(peakOf(old, frame - 96_000, frame) > 0.05, 'the old one until then')
    t.ok(peakOf(old, frame + RING, frame + RING + 48_000) < 0.01, 'and no more, once its last notes have rung out')
  },
)

/** Jam frames at which an instance started, as the takes of a home have it. */
function startsOf(home: string, instance: string): number[] {
  const { takes } = homeAt(home)
  const files = readdirSync(takes, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.take'))
  return files.flatMap((file) =>
    parseTake(readFileSync(join(takes, file), 'utf8')).records.flatMap((record) =>
      record.kind === 'started' && record.path.endsWith(`/${instance}`) ? [record.frame] : [],
    ),
  )
}
