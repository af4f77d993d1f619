import { existsSync, readFileSync } from 'node:fs'
import { MarmaladeError } from '../base/index.ts'
import { hasAplay, hasSpeaker } from './players.ts'
import type { SinkSpec } from './types.ts'

/**
 * Reads `wav:FILE`, `raw:FILE` (`raw:-` is standard output), `null`, `speaker[:DEVICE]`, `aplay[:DEVICE]`, or a card
 * with a file beside it: `speaker+wav:FILE`.
 * @throws SINK_UNKNOWN
 */
export function parseSink(text: string): SinkSpec {
  const both = /^((?:speaker|aplay)(?::[^+]+)?)\+((?:wav|raw):.+)$/.exec(text)
  if (both) return { kind: 'both', card: parseSink(both[1] ?? ''), file: parseSink(both[2] ?? '') }
  const colon = text.indexOf(':')
  const kind = colon < 0 ? text : text.slice(0, colon)
  const rest = colon < 0 ? '' : text.slice(colon + 1)
  if ((kind === 'wav' || kind === 'raw') && rest !== '') return { kind, file: rest }
  if (kind === 'null' && rest === '') return { kind }
  if (kind === 'speaker' || kind === 'aplay') return rest === '' ? { kind } : { kind, device: rest }
  throw new MarmaladeError('SINK_UNKNOWN', `${text} is no sink: use speaker, aplay, wav:FILE, raw:- or null`)
}

/** The sink's name as a user writes it. */
export function sinkName(spec: SinkSpec): string {
  if (spec.kind === 'both') return `${sinkName(spec.card)}+${sinkName(spec.file)}`
  if (spec.kind === 'wav' || spec.kind === 'raw') return `${spec.kind}:${spec.file}`
  if (spec.kind === 'null' || spec.device === undefined) return spec.kind
  return `${spec.kind}:${spec.device}`
}

/** Whether standard output is the sound. */
export function usesStandardOutput(spec: SinkSpec): boolean {
  return spec.kind === 'both' ? usesStandardOutput(spec.file) : spec.kind === 'raw' && spec.file === '-'
}

/** Whether this machine seems to have a sound card: asking `speaker` itself would abort the process. */
export function hasSoundCard(): boolean {
  if (process.platform === 'darwin') return true
  if (process.env.ALSA_CONFIG_PATH !== undefined) return true
  try {
    return existsSync('/proc/asound/cards') && !readFileSync('/proc/asound/cards', 'utf8').includes('no soundcards')
  } catch {
    return false
  }
}

/** Where sound goes where nobody says: to the card, if there is one, by whatever plays on it here. */
export function usualSink(): string {
  if (!hasSoundCard()) return 'null'
  return !hasSpeaker() && hasAplay() ? 'aplay' : 'speaker'
}
