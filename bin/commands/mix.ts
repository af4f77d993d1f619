import type { Command } from 'commander'
import { MarmaladeError } from '../../lib/base/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { act, addCommand, addGroup, numberOf } from '../cli/context.ts'
import { meterLines } from '../cli/meters.ts'

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
    const { state, master, loudness, reduction, instances, tracks, buses } = status
    context.print({ state, master, loudness, reduction, instances, tracks, buses }, () => meterLines(status).join('\n'))
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
}
