import type { Command } from 'commander'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { playerNamed } from '../cli/player.ts'

interface Verb {
  readonly verb: string
  /** The method of the node that does it. */
  readonly relation: 'follow' | 'block' | 'ignore' | 'trust'
  readonly on: boolean
  readonly summary: string
  /** What has been done, to whom. */
  readonly done: (shown: string) => string
}

const VERBS: readonly Verb[] = [
  {
    verb: 'follow',
    relation: 'follow',
    on: true,
    summary: "keep a player's feed and those they follow",
    done: (shown) => `you follow ${shown} now`,
  },
  {
    verb: 'unfollow',
    relation: 'follow',
    on: false,
    summary: 'follow a player no more',
    done: (shown) => `you no longer follow ${shown}`,
  },
  {
    verb: 'block',
    relation: 'block',
    on: true,
    summary: "neither draw nor serve a player's feed, and refuse its connections; anybody can read that you do",
    done: (shown) => `you block ${shown} now: nothing is drawn, served or answered`,
  },
  {
    verb: 'unblock',
    relation: 'block',
    on: false,
    summary: 'block a player no more',
    done: (shown) => `you no longer block ${shown}`,
  },
  {
    verb: 'ignore',
    relation: 'ignore',
    on: true,
    summary: 'neither see nor hear a player; nobody else can read that you do',
    done: (shown) => `you ignore ${shown} now: silent and not listed here, passed on to others as before`,
  },
  {
    verb: 'unignore',
    relation: 'ignore',
    on: false,
    summary: 'ignore a player no more',
    done: (shown) => `you no longer ignore ${shown}`,
  },
  {
    verb: 'trust',
    relation: 'trust',
    on: true,
    summary: "let a player's programs (process generators) run on this machine; told to nobody",
    done: (shown) => `you trust ${shown} now: what they publish may run as programs of yours`,
  },
  {
    verb: 'untrust',
    relation: 'trust',
    on: false,
    summary: 'trust a player no more',
    done: (shown) => `you no longer trust ${shown}`,
  },
]

/** `follow`, `block`, `ignore`, `trust`, and what takes each back. */
export function addFollow(program: Command): void {
  for (const { verb, relation, on, summary, done } of VERBS) {
    const command = addCommand(program, {
      usage: `${verb} <player>`,
      summary,
      examples: [`${verb} ada`, `${verb} @YmFz…=.ed25519`],
    })
    act(command, async (context, [text = '']) => {
      const player = await playerNamed(context, text)
      const node = await context.node(feedsContract)
      const changed = await node.feeds[relation]({ player, on })
      context.print(changed, () => done(changed.shown))
    })
  }
}
