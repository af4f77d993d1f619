import { refusal, SAMPLE_RATE, type Refusal } from '../base/index.ts'
import {
  createWasmVoice,
  isRefused,
  NO_TAGS,
  openFiles,
  pack,
  patternFault,
  prepareGenerator,
  type ArchiveFile,
} from '../generators/index.ts'
import type { BuildFault } from './types.ts'

/**
 * Why nodes would not play these files, or not start them: packed, held to the engine's own check and started once. Nothing of a
 * process, which is not run here.
 */
export function refusalOf(files: readonly ArchiveFile[]): Refusal | undefined {
  const opened = openFiles(files)
  if (isRefused(opened)) return opened
  if (opened.manifest.runtime === 'process') return undefined
  const archive = pack(files)
  if (isRefused(archive)) return archive
  const prepared = prepareGenerator(archive)
  if (isRefused(prepared)) return prepared
  if (opened.manifest.runtime === 'pattern') return patternFault(prepared, opened.entry)
  // It may open tags: nobody has set them.
  const voice = createWasmVoice(prepared, {
    seed: [0, 0],
    sampleRate: SAMPLE_RATE,
    tags: { ...NO_TAGS, open: () => 0 },
  })
  const { failure } = voice
  voice.close()
  return failure && refusal(failure.code, failure.message)
}

/** A refusal as a fault of a file; of a pattern's text with its place, which its player says. */
export function faultOf({ message }: Refusal, file: string): BuildFault {
  const [first = '', ...rest] = message.split('\n')
  const [, text, line, column, what] = (rest.length > 0 && /^(.+?):(\d+):(\d+): (.+)$/.exec(first)) || []
  return text === undefined
    ? { file, line: 0, column: 0, message: first }
    : { file: text, line: Number(line), column: Number(column), message: what ?? '' }
}
