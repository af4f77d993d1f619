import { relative } from 'node:path'
import { decibels } from '../cli/words.ts'
import type { Compared, DemoResult, LiveFile } from './result.ts'
import { ofPlayer } from './result.ts'
import type { Story } from './words.ts'

/** Faults of a take that are told one by one. */
const MAX_TOLD = 5

/** How to write what is shown. */
const HOW = '  (`marmalade` is `node dist/bin/marmalade.js` here; or run `npm link` once)'

const near = (file: string): string => {
  const path = relative(process.cwd(), file)
  return path.startsWith('..') ? file : path
}

/** What came of it, where the files are, and what to try next. `silence` is how long the files wait for the tune, in seconds. */
export function ending(story: Story, result: DemoResult, silence: number): void {
  for (const { player, file, seconds, peak } of result.live)
    story.say(`  ${story.name(player)} heard  ${near(file)}  ${seconds.toFixed(2)} s, peak ${decibels(peak)}`)
  for (const { player, file, speed, sha256 } of result.replays) {
    story.say(`  from ${story.name(player)}'s home  ${near(file)}  at ${speed.toFixed(0)} x real time, SHA-256`)
    story.aside(`    ${sha256}`)
  }
  const same = new Set(result.replays.map(({ sha256 }) => sha256)).size === 1
  if (same) story.say('  The two replays are one and the same file, to the last bit.')
  else story.say('  THE TWO REPLAYS DIFFER: this is a fault of Marmalade, please report it.')
  for (const live of result.live) verdict(story, live, ofPlayer(result.compared, live.player))
  story.heading('Yours now')
  story.say(
    `  listen        ${near(ofPlayer(result.replays, 'ada').file)}  (the tune begins after ${silence.toFixed(0)} s)`,
  )
  const jam = result.jam.split(':').at(-1) ?? ''
  story.say(`  again         marmalade replay ${jam} --home ${near(result.homes.ben)} --out again.wav`)
  story.say(`  look inside   marmalade feed ada --home ${near(result.homes.ben)}`)
  story.say('  play along    marmalade demo --stay')
  story.say('  your own      marmalade start --detach')
  story.say('                marmalade generator publish @drums')
  story.say('                marmalade jam start friday && marmalade play drums')
  story.say(HOW)
}

/** Whether a live file is the score, and where it is not, why. */
function verdict(story: Story, { player, faults }: LiveFile, { differing, from, to, sameFrom }: Compared): void {
  const who = story.name(player)
  const all = to - from
  if (differing === 0) {
    story.say(`  What ${who} heard live is the replay: all of ${all} frames are the same.`)
    return
  }
  story.say(`  ${differing} of ${all} frames that ${who} heard differ from the replay.`)
  if (faults.length === 0) story.say('  NOTHING WAS LATE: this is a fault of Marmalade, please report it.')
  else story.say(`  ${who}'s take says why:`)
  for (const { frame, what } of faults.slice(0, MAX_TOLD)) story.say(`    at frame ${frame}: ${what}`)
  if (faults.length > MAX_TOLD) story.say(`    and ${faults.length - MAX_TOLD} more`)
  if (sameFrom !== undefined) story.say(`    From frame ${sameFrom} on all are the same again.`)
}

/** That one need not wait. */
export function inviting(story: Story, home: string): void {
  story.heading('You may join in as Ada whenever you like, from another terminal:')
  for (const line of yours(home)) story.say(line)
}

/** Your turn. */
export function staying(story: Story, home: string): void {
  story.heading("Your turn: Ben's node plays on, and you are Ada")
  for (const line of yours(home)) story.say(line)
  story.say('  Ctrl-C here ends both nodes.')
}

const yours = (home: string): string[] => [
  `  export MARMALADE_HOME=${home}`,
  '  marmalade jam show',
  '  marmalade tag set context drop            everybody drops, at the next bar',
  '  marmalade param drums gain=-6 --over 4bars',
  '  marmalade stop drums --on 4bars',
  "  marmalade play drums                      hats follow Ben's density",
  HOW,
]
