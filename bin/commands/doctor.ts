import type { Command } from 'commander'
import { MarmaladeError } from '../../lib/base/index.ts'
import { listDevices, parseSink, usesStandardOutput, usualSink, type Device } from '../../lib/sink/index.ts'
import { CONFIG, readConfig, type Config } from '../../lib/store/index.ts'
import { act, addCommand, textOption, type Context } from '../cli/context.ts'
import { COLUMNS, cut } from '../cli/screen.ts'
import { plain } from '../cli/words.ts'
import { line, type Finding, type Patient } from '../doctor/finding.ts'
import { checkHome } from '../doctor/home.ts'
import { checkMachine } from '../doctor/machine.ts'
import { checkNetwork } from '../doctor/network.ts'
import { checkSound, checkTone } from '../doctor/sound.ts'

export function addDoctor(program: Command): void {
  const command = addCommand(program, {
    usage: 'doctor',
    summary: 'what is here and what is missing, with the command that mends it',
    examples: ['doctor', 'doctor --tone', 'doctor --tone --sink speaker:plughw:CARD=PCH,DEV=0', 'doctor --json'],
  })
    .description(
      'what is here and what is missing, with the command that mends it: `ok` is well, `--` lacks something that not all need, `!!` is broken, and then the exit code is 1',
    )
    .option('--tone', 'play a second of sound, left then right, through the sink')
    .option('--sink <sink>', 'as for `start` (default: the one that `start` would use)')
  act(command, async (context, _args, options) => {
    const asked = textOption(options['sink'])
    if (asked !== undefined && usesStandardOutput(parseSink(asked)))
      throw new MarmaladeError('USAGE', 'standard output is what doctor says: give another sink than raw:-')
    const config = configOf(context)
    const sink = asked ?? (config instanceof Error ? undefined : config.sink) ?? usualSink()
    const patient: Patient = { context, home: context.home, config, sink }
    const devices = await listDevices()
    const findings: Finding[] = [
      ...(await checkMachine()),
      ...(await checkHome(patient)),
      ...(await checkSound(patient, devices)),
      ...(options['tone'] === true ? [await checkTone(sink, asked !== undefined)] : []),
      ...(await checkNetwork(patient)),
    ]
    const ok = findings.every(({ state }) => state !== 'broken')
    context.print({ ok, sink, findings, devices }, () => [...findings.map(line), ...devices.map(deviceLine)].join('\n'))
    if (!ok) process.exitCode = 1
  })
}

/** A device as `--sink` takes it. */
const deviceLine = ({ name, about }: Device): string => {
  const sink = `    --sink speaker:${plain(name)}`
  return about === '' ? sink : `${sink}  ${cut(plain(about), Math.max(12, COLUMNS - sink.length - 2))}`
}

function configOf(context: Context): Config | Error {
  try {
    return readConfig(context.home, CONFIG)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
