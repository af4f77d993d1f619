import type { JamId } from '../../lib/base/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import type { Action, Plan } from './plan.ts'
import type { DemoPlayer } from './players.ts'
import { whoHears, type Story } from './words.ts'

/** Published this many bars before it is to be heard: time for gossip, and for people to read along. */
const LEAD_BARS = 3

interface Stage {
  readonly jam: JamId
  /** Milliseconds since 1970 of the jam's origin. */
  readonly origin: number
  readonly plan: Plan
  readonly players: Readonly<Record<Action['player'], DemoPlayer>>
  readonly story: Story
  readonly signal: AbortSignal
}

/** Plays the tune: each action is published by its player's own node, some bars before it is to be heard. */
export async function performTune(stage: Stage, until: 'end' | 'stay'): Promise<void> {
  const { plan, story } = stage
  const lead = Math.max(plan.publishAheadBars, LEAD_BARS)
  for (const action of plan.actions) {
    if (until === 'stay' && action.do === 'end') return
    // Bars are shown from 1; the tune's bar 1 is the jam's bar phraseBars + 1.
    const bar = plan.phraseBars + action.bar
    await barReached(stage, bar - lead)
    if (stage.signal.aborted) return
    const hears = await perform(stage, action, bar)
    story.act(bar, action.player, action.says, hears)
  }
}

/** Waits for the time of a bar, counted from 1. The tune keeps one tempo. */
async function barReached({ plan, origin, signal }: Stage, bar: number): Promise<void> {
  const beats = Number(plan.meter.split('/')[0])
  const due = origin + ((bar - 1) * beats * 60_000) / plan.tempo
  const wait = due - Date.now()
  if (wait <= 0) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, wait)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** Gives who hears it from which bar. */
async function perform({ players, jam, plan }: Stage, action: Action, bar: number): Promise<string> {
  const player = players[action.player]
  const node = player.ask(jamsContract)
  const on = String(bar)
  const { generator = '', name = '', value = '' } = action
  switch (action.do) {
    case 'play': {
      const { hears } = await node.perform.play({ jam, generator, on })
      return whoHears(player.name, hears)
    }
    case 'stop':
      await node.perform.stop({ jam, instance: generator, on })
      return ''
    case 'tag':
      await node.perform.tag({ jam, name, value, on })
      return `a tag: jam/${name} is ${value} from bar ${bar} for everybody whom it reaches`
    case 'end':
      await node.jam.end({ jam, on: String(plan.phraseBars + action.bar) })
      return ''
  }
}
