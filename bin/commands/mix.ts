import type { Command } from 'commander'
import { MarmaladeError, name as checkedName } from '../../lib/base/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { act, addCommand, addGroup, numberOf } from '../cli/context.ts'
import { meterLines, nudgeWords } from '../cli/meters.ts'
import { panWords, recalledWords, settingLine, settingsWords } from '../cli/mix-words.ts'
import { plain } from '../cli/words.ts'

const TARGET = 'an instance (`drums`, `ada:drums`), `track:bass` or `player:ada`'
const OR_RETURN = 'an instance (`drums`, `ada:drums`), `track:bass`, `player:ada` or `return:room`'

export function addMix(program: Command): void {
  const mix = addGroup(program, {
    usage: 'mix',
    summary: 'your own mix: what you alone hear louder, softer or not at all',
    examples: ['mix show', 'mix mute ada:drums', 'mix solo track:bass', 'mix gain player:ben -6', 'mix save quiet'],
  })
  const show = addCommand(mix, {
    usage: 'show',
    summary: 'levels of every instance, track, return and the mix, as you hear them, and what you have set',
    examples: ['mix show', 'mix show --json'],
  })
  act(show, async (context) => {
    const node = await context.node(soundContract)
    const status = await node.sound.status()
    const settings = status.state === 'silent' ? [] : await node.mix.settings()
    const { state, nudge, master, loudness, reduction, instances, tracks, buses } = status
    const shown = { state, nudge, master, loudness, reduction, instances, tracks, buses, settings }
    context.print(shown, () => [...meterLines(status), ...settings.map((row) => plain(settingLine(row)))].join('\n'))
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
  const pan = addCommand(mix, {
    usage: 'pan <target> <place>',
    summary: `place from -1 (left) to 1 (right) for ${OR_RETURN}`,
    examples: ['mix pan bass -0.5', 'mix pan track:drums 0'],
  }).allowUnknownOption()
  act(pan, async (context, [target = '', text = '']) => {
    const place = numberOf(text, 'the place')
    if (place < -1 || place > 1) throw new MarmaladeError('USAGE', 'the place lies from -1 (left) to 1 (right)')
    const node = await context.node(soundContract)
    const set = await node.mix.set({ target, pan: place })
    context.print(set, () => `${target}: ${panWords(place)}`)
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
  addScenes(mix)
}

function addScenes(mix: Command): void {
  const save = addCommand(mix, {
    usage: 'save <name>',
    summary: 'keep your mix as it is now under a name, in place of what was kept under it',
    examples: ['mix save quiet'],
  })
  act(save, async (context, [text = '']) => {
    const node = await context.node(soundContract)
    const saved = await node.mix.save({ name: checkedName(text) })
    context.print(saved, () => `${saved.name} is kept: ${settingsWords(saved.settings)}`)
  })
  const recall = addCommand(mix, {
    usage: 'recall <name>',
    summary: 'your mix as it was kept under a name: what that does not set is as if nothing were',
    examples: ['mix recall quiet'],
  })
  act(recall, async (context, [text = '']) => {
    const node = await context.node(soundContract)
    const recalled = await node.mix.recall({ name: checkedName(text) })
    context.print(recalled, () => plain(recalledWords(recalled)))
  })
  const scenes = addCommand(mix, { usage: 'scenes', summary: 'mixes that are kept here', examples: ['mix scenes'] })
  act(scenes, async (context) => {
    const node = await context.node(soundContract)
    const all = await node.mix.scenes()
    context.print(all, () =>
      all.length === 0
        ? 'none yet: `mix save NAME`'
        : all.map(({ name, settings }, at) => `${at + 1}  ${name}: ${settingsWords(settings)}`).join('\n'),
    )
  })
  const forget = addCommand(mix, {
    usage: 'forget <name>',
    summary: 'keep a mix no longer',
    examples: ['mix forget quiet'],
  })
  act(forget, async (context, [text = '']) => {
    const node = await context.node(soundContract)
    const gone = await node.mix.forget({ name: checkedName(text) })
    context.print(gone, () => `${gone.name} is kept no longer`)
  })
}
