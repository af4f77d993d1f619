import type { EntryKey } from '../../lib/base/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { showEntry } from './entry.ts'
import type { Session } from './meeting.ts'
import type { Action, Plan } from './plan.ts'
import type { Pair } from './players.ts'
import { whoHears, type Story } from './words.ts'

/** Published this many bars before it is to be heard: time for gossip, and for people to read along. */
const LEAD_BARS = 3

interface Stage extends Session {
  readonly plan: Plan
  readonly players: Pair
  readonly story: Story
  readonly signal: AbortSignal
}

/** What came of one action: who hears it from when, and the entry that it is. */
interface Done {
  readonly hears: string
  readonly key?: EntryKey
}

/**
 * Plays the tune: each action is published by its player's own node, some bars before it is to be heard. Gives the bar of
 * the jam, counted from 1, in which the tune began.
 */
export async function performTune(stage: Stage, until: 'end' | 'stay'): Promise<number> {
  const { plan, story, players, signal } = stage
  const lead = Math.max(plan.publishAheadBars, LEAD_BARS)
  const begin = firstBar(stage, lead)
  introduce(story, begin, lead)
  let shown = false
  for (const action of plan.actions) {
    if (until === 'stay' && action.do === 'end') break
    const bar = begin + action.bar - 1
    await barReached(stage, bar - lead)
    if (signal.aborted) break
    const { hears, key } = await perform(stage, action, bar)
    story.act(bar, action.player, action.says, hears)
    if (shown || key === undefined) continue
    shown = true
    await showEntry(story, players[action.player], players[action.player === 'ada' ? 'ben' : 'ada'], key)
  }
  return begin
}

function introduce(story: Story, begin: number, lead: number): void {
  story.heading(`The tune begins in bar ${begin}`)
  story.say('  Audio never travels. What travels are small signed entries in two feeds, as')
  story.say('  below. Each node reads both feeds and makes its own sound from them, frame by')
  story.say(`  frame the same. They are published ${lead} bars ahead, so that none need hurry.`)
  story.say()
}

/** The bar of the jam, counted from 1, that is the first of the tune: the next phrase that can still be reached. */
function firstBar({ plan, origin }: Stage, lead: number): number {
  const now = (Date.now() - origin) / barMillis(plan)
  return Math.max(1, Math.ceil((now + lead) / plan.phraseBars)) * plan.phraseBars + 1
}

/** Milliseconds of a bar: the tune keeps one tempo and one meter. */
export function barMillis({ meter, tempo }: Plan): number {
  const [beats = 4, unit = 4] = meter.split('/').map(Number)
  return (beats * (4 / unit) * 60_000) / tempo
}

/** Waits for the time of a bar, counted from 1, or until the signal is given. */
async function barReached({ plan, origin, signal }: Stage, bar: number): Promise<void> {
  const wait = origin + (bar - 1) * barMillis(plan) - Date.now()
  if (wait <= 0 || signal.aborted) return
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', settle)
      resolve()
    }
    const timer = setTimeout(settle, wait)
    signal.addEventListener('abort', settle)
  })
}

async function perform({ players, jam }: Stage, action: Action, bar: number): Promise<Done> {
  const player = players[action.player]
  const node = player.ask(jamsContract)
  const on = String(bar)
  const { generator = '', name = '', value = '' } = action
  switch (action.do) {
    case 'play': {
      const { hears, key } = await node.perform.play({ jam, generator, on })
      return { hears: whoHears(player.name, hears), key }
    }
    case 'stop':
      await node.perform.stop({ jam, instance: generator, on })
      return { hears: '' }
    case 'tag':
      await node.perform.tag({ jam, name, value, on })
      return { hears: `all generators see the tag jam/${name} = ${value} from bar ${bar}` }
    case 'end':
      await node.jam.end({ jam, on })
      return { hears: '' }
  }
}
