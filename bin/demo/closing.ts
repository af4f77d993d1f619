import { relative } from 'node:path'
import { decibels } from '../cli/words.ts'
import type { DemoResult } from './run.ts'
import type { Story } from './words.ts'

const near = (file: string): string => {
  const path = relative(process.cwd(), file)
  return path.startsWith('..') ? file : path
}

/** What came of it, where the files are, and what to try next. */
export function ending(story: Story, result: DemoResult, folder: string): void {
  for (const live of result.live) {
    story.say(
      `  ${story.name(live.player)} heard  ${near(live.file)}  ${live.seconds.toFixed(2)} s, peak ${decibels(live.peak)}`,
    )
  }
  for (const replayed of result.replays) {
    story.say(
      `  replay from ${story.name(replayed.player)}'s home  ${near(replayed.file)}  ${replayed.speed.toFixed(0)} x real time`,
    )
    story.say(`    SHA-256 ${replayed.sha256}`)
  }
  const same = new Set(result.replays.map((replayed) => replayed.sha256)).size === 1
  story.say(
    same
      ? '  The two replays are one and the same file, to the last bit.'
      : '  THE REPLAYS DIFFER: this is a fault, please report it.',
  )
  for (const { player, differing, from, to, sameFrom } of result.compared) {
    const late = result.live.find((live) => live.player === player)?.late ?? 0
    const all = to - from
    if (differing === 0)
      story.say(`  What ${story.name(player)} heard live is the score: ${all} frames compared, all the same.`)
    else if (late > 0) {
      story.say(
        `  ${story.name(player)}'s take shows ${late} late ${late === 1 ? 'entry' : 'entries'}: ${differing} of ${all} frames differ` +
          (sameFrom === undefined ? '.' : `, all are the same from jam frame ${sameFrom} on.`),
      )
    } else
      story.say(
        `  ${story.name(player)}: ${differing} OF ${all} FRAMES DIFFER though nothing was late: a fault, please report it.`,
      )
  }
  story.say(`  The score is ${result.scoreHash}.`)
  story.heading('Yours now')
  story.say(`  listen        play ${near(result.replays[0]?.file ?? folder)} with any player`)
  story.say(
    `  again         marmalade replay ${result.jam.split(':').at(-1) ?? ''} --home ${near(result.homes['ben'] ?? '')} --out again.wav`,
  )
  story.say('  play along    marmalade demo --stay')
  story.say(
    '  your own      marmalade start --detach; marmalade generator publish @drums; marmalade jam start friday; marmalade play drums',
  )
  story.say('  (from this folder `marmalade` is: node dist/bin/marmalade.js, or `npm link` once)')
}

/** Your turn. */
export function staying(story: Story, home: string): void {
  story.heading("Your turn: Ben's node plays on, and you are Ada")
  story.say(`  export MARMALADE_HOME=${home}`)
  story.say('  marmalade jam show')
  story.say('  marmalade tag set context drop          everybody goes to the drop at the next bar')
  story.say('  marmalade param drums gain=-6 --over 4bars')
  story.say('  marmalade stop drums --on 4bars')
  story.say('  marmalade play drums                    hats follow the density that Ben sets')
  story.say('  Ctrl-C here ends both nodes.')
}
