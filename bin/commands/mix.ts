import type { Command } from 'commander'
import { MarmaladeError } from '../../lib/base/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { act, addCommand, addGroup, numberOf } from '../cli/context.ts'
import { meterLines, nudgeWords } from '../cli/meters.ts'

const TARGET = 'an instance (`drums`, `ada:drums`), `track:bass` or `player:ada`'
const OR_RETURN = 'an instance (`drums`, `ada:drums`), `track:bass`, `player:ada` or `return:room`'

export function addMix(program: Command): void {
  const mix = addGroup(program, {
    usage: 'mix',
    summary: 'your own mix: what you alone hear louder, softer or not at all',
    examples: ['mix show', 'mix mute ada:drums', 'mix solo track:bass', 'mix gain player:ben -6'],
  })
  const show = addCommand(mix, {
    usage: 'show',
    summary: 'levels of every instance, track, return and the mix, as you hear them',
    examples: ['mix show', 'mix show --json'],
  })
  act(show, async (context) => {
    const node = await context.node(soundContract)
    const status = await node.sound.status()
    const { state, nudge, master, loudness, reduction, instances, tracks, buses } = status
    const shown = { state, nudge, master, loudness, reduction, instances, tracks, buses }
    context.print(shown, () => meterLines(status).join('\n'))
  })
  for (const what of ['mute', 'solo'] as const) {
    const command = addCommand(mix, {
      usage: `${what} <target>`,
      summary: `${what} ${what === 'mute' ? OR_RETURN : TARGET}`,
      examples: [`mix ${what} drums`, `mix ${what} player:ben --off`],
    }).option('--off', 'undo it')
    act(command, async (context, [target = ''], { off }) => {
      const node = await context.node(soundContract)
      const set = await node.mix.set({ target, [what]: off !== true })
      context.print(set, () => `${target}: ${what} ${off === true ? 'off' : 'on'}`)
    })
  }
  const gain = addCommand(mix, {
    usage: 'gain <target> <decibels>',
    summary: `gain in dB for ${OR_RETURN}`,
    examples: ['mix gain bass -6', 'mix gain track:drums 3', 'mix gain return:echo -12'],
  }).allowUnknownOption()
  act(gain, async (context, [target = '', text = '']) => {
    const decibels = numberOf(text, 'the gain')
    if (decibels < -200 || decibels > 40) throw new MarmaladeError('USAGE', 'the gain lies from -200 to 40 dB')
    const node = await context.node(soundContract)
    const set = await node.mix.set({ target, gain: decibels })
    context.print(set, () => `${target}: ${decibels} dB`)
  })
  const nudge = addCommand(mix, {
    usage: 'nudge <milliseconds>',
    summary: 'hear all later by -200 to 200 ms (below 0 earlier): where your ears say that your sound is not in time',
    examples: ['mix nudge -15', 'mix nudge 0'],
  }).allowUnknownOption()
  act(nudge, async (context, [text = '']) => {
    const millis = numberOf(text, 'the nudge')
    if (millis < -200 || millis > 200) throw new MarmaladeError('USAGE', 'the nudge lies from -200 to 200 ms')
    const node = await context.node(soundContract)
    const set = await node.mix.nudge({ millis })
    context.print(set, () => `you hear ${nudgeWords(millis)}`)
  })
}
