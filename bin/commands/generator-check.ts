import type { Command } from 'commander'
import { checkGenerator, PROCESS_WHY, verdictOf, type Verdict } from '../../lib/engine/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { packedFrom, tellOutdated } from '../cli/generator-source.ts'
import { measuresTable, planOf, verdictWords } from '../cli/generator-check.ts'
import { bytes } from '../cli/words.ts'

export function addCheck(generator: Command): void {
  const command = addCommand(generator, {
    usage: 'check <source>',
    summary: 'play a generator alone and offline, four times: is it exact, how loud, how costly',
    examples: [
      'generator check ./my-bass',
      'generator check ada:chords --json',
      'generator check @drums --bars 16 --tempo 126',
      'generator check ./my-bass --param cutoff=800 --set chord=2 --set context=drop',
    ],
  })
    .option('--bars <n>', 'how many bars of 4/4 (default: 8)')
    .option('--tempo <bpm>', 'beats a minute (default: 112)')
    .option('--param <name=number...>', 'parameters other than the defaults')
    .option('--set <tag=value...>', 'tags that a player has set, as chord=2 context=drop')
    .description(
      'play a generator alone and offline, four times: is it exact, how loud, how costly. The exit code is 1 where it is not fit to publish: it fails, is not exact, or is silent',
    )
  act(command, async (context, [source = ''], options) => {
    await tellOutdated(source)
    const { manifest, archive } = await packedFrom(context, source)
    const { name, runtime } = manifest
    const size = archive.length
    const plan = planOf(options, manifest)
    const about = { name, runtime, size }
    if (runtime === 'process') {
      const verdict: Verdict = { fit: true, exact: false, why: PROCESS_WHY, sounded: false, faults: [], warnings: [] }
      context.print({ ...about, ...verdict }, () =>
        [
          `${name}, ${bytes(size)}, not exact: ${PROCESS_WHY}`,
          'it was packed, not played: a jam of your own plays it',
        ].join('\n'),
      )
      return
    }
    const measures = await checkGenerator({ archive, ...plan })
    const verdict = verdictOf({ size, plan, measures })
    if (!verdict.fit) process.exitCode = 1
    context.print({ ...about, plan, ...verdict, ...measures }, () =>
      [
        `${name}: ${plan.bars} bar${plan.bars === 1 ? '' : 's'} at ${plan.tempo}`,
        measuresTable(measures, size, verdict),
        ...verdictWords(name, verdict),
      ].join('\n'),
    )
  })
}
