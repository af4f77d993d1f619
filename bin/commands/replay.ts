import { resolve } from 'node:path'
import type { Command } from 'commander'
import { MarmaladeError, ownedParts } from '../../lib/base/index.ts'
import { playReplay, readTake, replay, type Replayed } from '../../lib/engine/index.ts'
import type { WavFormat } from '../../lib/mix/index.ts'
import { Overview } from '../../lib/picture/index.ts'
import { barOption } from '../cli/bars.ts'
import { compare, comparisonWords } from '../cli/compare.ts'
import { act, addCommand, numberOf, textOption, type Context } from '../cli/context.ts'
import { writeCredits } from '../cli/credits.ts'
import { failureWords, missingWords } from '../cli/failures.ts'
import { openJamSource } from '../cli/jam-source.ts'
import { lufs } from '../cli/meters.ts'
import { watchedBy, writePicture } from '../cli/picture.ts'
import { progressBar } from '../cli/progress.ts'
import { renderingOf, scoreOf, type Bars } from '../cli/rendering.ts'
import { whatIfOf } from '../cli/what-if.ts'
import { decibels, many } from '../cli/words.ts'

const WHOM = 'an instance (`drums`, `SHORTID:drums`), `track:bass` or a player'
const several = (value: string, before: readonly string[] = []): string[] => [...before, value]

export function addReplay(program: Command): void {
  const command = addCommand(program, {
    usage: 'replay [jam]',
    summary: 'render a jam from feeds, offline: the same file on every machine',
    examples: [
      'replay friday --out friday.wav',
      'replay ada:friday --from 17 --to 25 --stems ./stems',
      'replay friday --sink speaker',
      'replay friday --take ~/.marmalade/takes/…/1700000000000000.take --out heard.wav',
      'replay friday --mute drums --gain bass=-6 --replace arp=bells --out other.wav',
      'replay friday --out friday.wav --credits friday.json',
      'replay friday --svg friday.svg',
      'replay friday --compare score ~/.marmalade/takes/…/1700000000000000.take',
      'replay friday.jam --out friday.wav',
    ],
  })
    .option('--out <file>', 'the WAV to write (default: NAME.wav here, none with --svg)')
    .option('--bits <n>', 'of that WAV: 16 or 24 (no dither), or 32 for float (default: 32)')
    .option('--stems <folder>', 'also one WAV for each instance, always of 32-bit float')
    .option('--stems-raw', 'with --stems: also what each generator wrote, before its chain')
    .option('--take <file>', 'what one player heard instead of the score: late starts, mutes, kills and all')
    .option('--compare <what...>', 'two takes, or one and the word score: where do they differ? Writes no sound')
    .option('--mute <x>', `what if: ${WHOM} were mute (may be repeated)`, several)
    .option('--solo <x>', 'what if: only this were heard', several)
    .option('--gain <x=decibels>', 'what if: this were louder or softer', several)
    .option('--replace <instance=generator>', 'what if: another generator of the jam played it', several)
    .option('--credits <file>', 'write as JSON who sounds when, and what says so: `verify --credits` checks it')
    .option('--svg <file>', 'draw it: who plays what when, waveforms, sections, tags; two takes one above the other')
    .option('--sink <sink>', 'play it instead of writing a file: speaker[:DEVICE], aplay[:DEVICE], raw:-')
    .option('--from <bar>', 'the first bar that is given')
    .option('--to <bar>', 'the bar before which it ends')
    .option('--threads <n>', 'threads that render (the result is the same)')
  act(command, async (context, [jam], options) => {
    const what = textsOf(options['compare'])
    if (what) {
      const bars = barsOf(alone(options))
      const asked = { jam, what, bars, threads: threadsOf(options), svg: fileOption(options['svg']) }
      const compared = await compare(context, asked)
      context.print(compared, () => [comparisonWords(compared), ...pictureWords(compared)].join('\n'))
      return
    }
    const result = await replayFrom(context, jam, options)
    context.print(result, () => words(result))
  })
}

/** What goes with `--compare`. */
const BESIDE_COMPARE = new Set(['compare', 'svg', 'from', 'to', 'threads', 'json', 'home'])

const textsOf = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) ? value.filter((text): text is string => typeof text === 'string') : undefined

/** The options beside `--compare`. @throws USAGE where there is one that does not go with it */
function alone(options: Record<string, unknown>): Record<string, unknown> {
  const odd = Object.keys(options).find((option) => !BESIDE_COMPARE.has(option))
  if (odd === undefined) return options
  const name = odd.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new MarmaladeError('USAGE', `--${name} does not go with --compare, which writes no sound`)
}

/** An option that names a file, from the folder that one is in. */
function fileOption(value: unknown): string | undefined {
  const text = textOption(value)
  return text === undefined ? undefined : resolve(text)
}

interface Result extends Replayed {
  readonly jam: string
  readonly entries: number
  readonly refused: number
  /** The picture. */
  readonly svg?: string
}

async function replayFrom(
  context: Context,
  name: string | undefined,
  options: Record<string, unknown>,
): Promise<Result> {
  const source = await openJamSource(context, name)
  const progress = progressBar('replay')
  try {
    const bars = barsOf(options)
    const score = scoreOf(source, bars)
    const sink = textOption(options['sink'])
    const stems = fileOption(options['stems'])
    const threads = threadsOf(options)
    const takeFile = fileOption(options['take'])
    const take = takeFile === undefined ? undefined : await readTake(takeFile)
    const whatIf = whatIfOf(options, { score, entries: source.entries })
    if (options['stemsRaw'] === true && stems === undefined)
      throw new MarmaladeError('USAGE', '--stems-raw goes with --stems FOLDER')
    const credits = fileOption(options['credits'])
    const svg = fileOption(options['svg'])
    const overview = svg === undefined ? undefined : new Overview()
    if (credits !== undefined && whatIf)
      throw new MarmaladeError('USAGE', '--credits is of the score or a take, not of a what-if')
    const init = {
      ...renderingOf(source, score, progress, bars),
      ...(take && { take }),
      ...(whatIf && { whatIf }),
      format: formatOf(textOption(options['bits'])),
      ...(options['stemsRaw'] === true && { stemKinds: 'stems and raw' as const }),
      ...(stems !== undefined && { stems }),
      ...(overview && watchedBy(overview)),
      ...(threads !== undefined && { threads }),
    }
    const out = fileOption(options['out']) ?? (overview ? undefined : resolve(`${ownedParts(source.jam).name}.wav`))
    const replayed =
      sink === undefined ? await replay({ ...init, ...(out !== undefined && { out }) }) : await playReplay(init, sink)
    if (credits !== undefined) await writeCredits(credits, { source, score, replayed, take, ...bars })
    if (svg !== undefined && overview) await writePicture(svg, { source, score, seen: [{ replayed, overview, take }] })
    const counts = { entries: score.entries.length, refused: score.refused.length }
    return { jam: source.jam, ...counts, ...(svg !== undefined && { svg }), ...replayed }
  } finally {
    progress.stop()
    await source.close()
  }
}

function barsOf(options: Record<string, unknown>): Bars {
  const fromBar = barOption(options['from'], '--from')
  const toBar = barOption(options['to'], '--to')
  return { ...(fromBar !== undefined && { fromBar }), ...(toBar !== undefined && { toBar }) }
}

const FORMATS: Readonly<Record<string, WavFormat>> = { 16: 's16', 24: 's24', 32: 'f32' }

function formatOf(bits = '32'): WavFormat {
  const format = Object.hasOwn(FORMATS, bits) ? FORMATS[bits] : undefined
  if (format === undefined) throw new MarmaladeError('USAGE', '--bits is 16, 24 or 32')
  return format
}

function threadsOf(options: Record<string, unknown>): number | undefined {
  const text = textOption(options['threads'])
  if (text === undefined) return undefined
  const threads = numberOf(text, '--threads')
  if (!Number.isInteger(threads) || threads < 1 || threads > 64)
    throw new MarmaladeError('USAGE', '--threads lies from 1 to 64')
  return threads
}

const pictureWords = ({ svg }: { readonly svg?: string }): string[] => (svg === undefined ? [] : [`picture ${svg}`])

function words(result: Result): string {
  return [
    ...(result.file === undefined
      ? []
      : [`${result.file}: ${result.seconds.toFixed(2)} s, ${result.speed.toFixed(0)} x real time`]),
    `levels  ${levels(result)}`,
    ...(result.sha256 === '' ? [] : [`file    ${result.sha256}`]),
    ...renditionWords(result),
    ...missingWords(result.missing),
    `score   ${result.scoreHash} (${many(result.entries, 'entry')}${result.refused > 0 ? `, ${result.refused} not counted` : ''})`,
    ...(result.inexact.length > 0
      ? [`inexact ${result.inexact.join(', ')}: programs of their own, so not the same each time`]
      : []),
    ...(result.ambient.length > 0
      ? [
          `ambient ${result.ambient.join(', ')}: read this machine or the network as they play, which a score does not have`,
        ]
      : []),
    ...failureWords(result.failures),
    ...(result.stems.length > 0 ? [`stems   ${result.stems.length} files`] : []),
    ...pictureWords(result),
  ].join('\n')
}

/** How loud it is, and its peaks. */
function levels({ loudness, peak, truePeak }: Result): string {
  const loud = loudness === undefined ? 'too soft to have a loudness' : lufs(loudness)
  return `${loud}, peak ${decibels(peak)}, between the samples ${decibels(truePeak)}`
}

/** What it is where it is not the score. */
function renditionWords({ rendition, hash, take, samplesSha256 }: Result): string[] {
  if (rendition === 'score') return []
  if (rendition === 'what-if') return [`what if ${hash}: this is neither the score nor what anybody heard`]
  if (take?.divergence) {
    const { frame, said, did } = take.divergence
    return [
      `take    ${hash}: NOT as heard from frame ${frame} on: the take says ${said?.kind ?? 'nothing'}, not ${did?.kind ?? 'nothing'}`,
    ]
  }
  const same = take?.heardSha256 === samplesSha256 ? ', every sample as it was heard' : ''
  const lacks = take && take.missing > 0 ? `; ${take.missing} records could not be kept` : ''
  const dropped = take && take.skipped > 0 ? `; the card dropped ${take.skipped} frames, which are here` : ''
  return [`take    ${hash}${same}${lacks}${dropped}`]
}
