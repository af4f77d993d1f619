import type { Command, ConductorEvent, JamConductor } from '../../lib/jam/index.ts'
import { startedJam, type JamWriter } from './jams.ts'

/** 120 beats a minute: a bar is 96,000 frames, 750 blocks. */
export const FRAMES = 96_000
/** A jam as `startedJam` writes it, at that tempo. */
export const jamAt120 = (): JamWriter => startedJam({ tempo: 120 })

export const kinds = (commands: readonly Command[], ...wanted: Command['kind'][]) =>
  commands.filter((command) => wanted.includes(command.kind))
/** A command in one line, to compare with. */
export const brief = (command: Command): string => {
  if (command.kind === 'start') return `start ${command.spec.instance} ${command.frame}`
  if (command.kind === 'stop') return `stop ${command.path.split('/')[2] ?? ''} ${command.frame}`
  if (command.kind === 'param') return `${command.name} ${command.value} over ${command.over} ${command.frame}`
  if (command.kind === 'tag') return `tag ${command.path} ${command.value} ${command.frame}`
  return `end ${command.frame}`
}
/** What is to be heard of commands, without tags. */
export const sounds = (commands: readonly Command[]) => kinds(commands, 'start', 'stop', 'param', 'end').map(brief)

/** The events of one kind since they were last asked for: a conductor gives each once. */
export const ofKind = <K extends ConductorEvent['kind']>(conductor: JamConductor, kind: K) =>
  conductor.events().filter((event): event is Extract<ConductorEvent, { kind: K }> => event.kind === kind)
