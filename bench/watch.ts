/**
 * What `watch` takes of a processor at 80x24 beside 16 instances, and what it adds to the node, by the time that Linux counts; then
 * the screen as it was last: `npm run build && node --import tsx bench/watch.ts [--seconds 60] [--instances 16]`. Needs tmux.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { packageRoot } from '../lib/base/node/root.ts'
import { generatorsContract } from '../plugins/generators/index.ts'
import { jamsContract } from '../plugins/jams/index.ts'
import { playersContract } from '../plugins/players/index.ts'
import { soundContract } from '../plugins/sound/index.ts'
import { inFolder } from './kit/folders.ts'
import { type Program, withProgram } from './kit/program.ts'

const SHIPPED = ['drums', 'bass', 'chords', 'arp', 'groove', 'echo', 'haze', 'ticks']
const TICKS = 100

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, instances: { type: 'string', default: '16' } },
})
const [seconds, instances] = [Number(values.seconds), Number(values.instances)]

/** Processor seconds of a process alone. */
function ownProcessor(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

const parentOf = (pid: number): number =>
  Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

/** Percent of a processor that processes take in so many seconds. */
async function taken(...pids: readonly number[]): Promise<number[]> {
  const before = pids.map(ownProcessor)
  await wait(seconds * 1_000)
  return pids.map((pid, at) => ((ownProcessor(pid) - (before[at] ?? 0)) / seconds) * 100)
}

async function playAll(program: Program): Promise<number> {
  const { jam, perform } = program.ask(jamsContract)
  await program.ask(playersContract).identify({ name: 'ada' })
  for (const name of SHIPPED) {
    const folder = join(packageRoot(), 'fixtures/generators', name)
    await program.ask(generatorsContract).authoring.publish({ folder })
  }
  await jam.start({ name: 'friday', tempo: 112 })
  for (let i = 0; i < instances; i++) {
    const generator = SHIPPED[i % SHIPPED.length] ?? 'drums'
    await perform.play({ generator, as: `${generator}-${Math.floor(i / SHIPPED.length) + 1}`, on: 'now' })
  }
  await perform.tag({ name: 'context', value: 'intro', on: 'now' })
  await perform.say({ text: 'drop at bar 33, then eight bars of break' })
  for (;;) {
    const { engine, instances: sounding } = await program.ask(soundContract).sound.status()
    if (sounding.length === instances && engine !== undefined) return parentOf(engine)
    await wait(100)
  }
}

await inFolder(async (folder) => {
  const home = join(folder, 'home')
  await withProgram({ home, sink: 'null' }, async (program) => {
    const node = await playAll(program)
    const [alone = NaN] = await taken(node)
    const tmux = (...args: readonly string[]): string =>
      execFileSync('tmux', ['-S', join(folder, 'tmux'), '-f', '/dev/null', '-u', ...args], { encoding: 'utf8' })
    const command = `exec ${process.execPath} ${join(packageRoot(), 'dist/bin/marmalade.js')} watch --home ${home}`
    tmux('new-session', '-d', '-x', '80', '-y', '24', command)
    try {
      const watch = Number(tmux('display-message', '-p', '#{pane_pid}'))
      await wait(5_000)
      const [shown = NaN, watched = NaN] = await taken(watch, node)
      const percent = (share: number): string => `${share.toFixed(1)} %`
      process.stdout.write(`${tmux('capture-pane', '-p')}\n`)
      process.stdout.write(`${instances} instances, ${seconds} s: watch takes ${percent(shown)} of a processor; `)
      process.stdout.write(`the node (without its engine) ${percent(watched)} with it, ${percent(alone)} without\n`)
    } finally {
      tmux('kill-server')
    }
  })
})
