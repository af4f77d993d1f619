import { MAX_TRIAL_FRAMES, trialStop, type Measures, type TrialPlan, type Verdict } from '../../lib/engine/index.ts'
import { MAX_TEMPO, MIN_TEMPO } from '../../lib/entry/index.ts'
import { isName, MarmaladeError, SAMPLE_RATE, type Frames } from '../../lib/base/index.ts'
import type { Manifest } from '../../lib/generators/index.ts'
import { numberOf, settingOf, tagOf } from './context.ts'
import { bytes, plain, table } from './words.ts'

/** What is asked for on the command line. @throws USAGE */
export function planOf(options: Record<string, unknown>, { name, params }: Manifest): TrialPlan {
  const number = (what: 'bars' | 'tempo', otherwise: number): number =>
    typeof options[what] === 'string' ? numberOf(options[what], `--${what}`) : otherwise
  const bars = number('bars', 8)
  const tempo = number('tempo', 112)
  if (!Number.isInteger(bars) || bars < 1) throw usage(`--bars is a whole number from 1 on, not ${bars}`)
  if (tempo < MIN_TEMPO || tempo > MAX_TEMPO) throw usage(`--tempo is ${MIN_TEMPO} to ${MAX_TEMPO}, not ${tempo}`)
  if (trialStop({ tempo, bars }) > MAX_TRIAL_FRAMES)
    throw usage(`${bars} bars at ${tempo} last longer than five minutes`)
  const settings = listed(options['param']).map(settingOf)
  for (const [given, value] of settings) {
    const param = params.find((known) => known.name === given)
    const known = params.map((one) => one.name).join(' ')
    if (!param) throw usage(`${name} has no parameter ${given}: it has ${known === '' ? 'none' : known}`)
    if (value < param.min || value > param.max)
      throw usage(`${given} of ${name} is ${param.min} to ${param.max}, not ${value}`)
  }
  const tags = listed(options['set']).map(tagOf)
  for (const tag of tags) if (!isName(tag.name)) throw usage(`--set takes the name of a tag, not ${tag.name}`)
  return {
    bars,
    tempo,
    params: Object.fromEntries(settings),
    tags: Object.fromEntries(tags.map((tag) => [tag.name, tag.value])),
  }
}

const usage = (message: string): MarmaladeError => new MarmaladeError('USAGE', message)
const listed = (option: unknown): string[] => (Array.isArray(option) ? option.map(String) : [])

/** What was measured, a line each. */
export function measuresTable(measures: Measures, size: number, { exact }: Verdict): string {
  const { runs, steps, cost, pages, peak, truePeak, loudness, dc, trial } = measures
  const [first] = runs
  const rows: [string, string][] = [
    ['exact', exact ? `the same ${runs.length} times: ${runs.map(({ engine }) => engine).join(', ')}` : 'no'],
    ['samples', (first?.samplesSha256 ?? '').slice(0, 16)],
    ['played', `${seconds(trial.stop)}, then a tail of ${seconds(trial.frames - trial.stop)}`],
    ['peak', level(peak, 'dBFS')],
    ['true peak', level(truePeak, 'dBFS')],
    ['loudness', level(loudness, 'LUFS')],
    ['mean (DC)', dc.toExponential(1)],
    ['tags set', String(trial.sets)],
    ['steps a block', `${steps.most.toLocaleString('en')} at most, ${share(steps.most / steps.budget)} of the budget`],
    ['time a block', `${cost.median.toFixed(1)} us, 99 of 100 below ${cost.p99.toFixed(1)} us`],
    ['of one core', share(cost.share)],
    ['memory', `${pages} page${pages === 1 ? '' : 's'}, ${bytes(pages * 65_536)}`],
    ['archive', bytes(size)],
  ]
  return table(['', ''], rows).trimStart()
}

const seconds = (frames: Frames): string => `${(frames / SAMPLE_RATE).toFixed(1)} s`
const level = (value: number, unit: string): string =>
  Number.isFinite(value) ? `${value.toFixed(1)} ${unit}` : 'silence'
const share = (part: number): string => `${(part * 100).toFixed(1)} %`

/** Faults, warnings, and what follows. */
export function verdictWords(name: string, { fit, faults, warnings }: Verdict): string[] {
  return [
    ...faults.map(({ message }) => `!!  ${plain(message)}`),
    ...warnings.map(({ message }) => `--  ${plain(message)}`),
    fit ? `${name} is fit to publish` : `${name} is not fit to publish`,
  ]
}
