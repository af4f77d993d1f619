/** The options by which many commands say in which jam, and where in it. */
import type { Command } from 'commander'
import { textOption } from './context.ts'

export function addJamOption(command: Command): Command {
  return command.option('--jam <jam>', 'which jam (default: the one joined last)')
}

/** `whens` is what `--on` may be. */
export function addPlaceOptions(command: Command, whens = 'now, beat, bar, 4bars or a bar number'): Command {
  return addJamOption(command.option('--on <when>', `${whens} (default: bar)`))
}

/** What was said of them, as the node's methods take it. */
export function placeIn(options: Record<string, unknown>): { jam?: string; on?: string } {
  const jam = textOption(options['jam'])
  const on = textOption(options['on'])
  return { ...(jam !== undefined && { jam }), ...(on !== undefined && { on }) }
}
