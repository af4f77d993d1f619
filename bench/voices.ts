/**
 * Voices that one core renders, beside the same voice in native C:
 * `node --import tsx bench/voices.ts [--quick] [--rounds N]`.
 */
import { SAMPLE_RATE } from '../lib/base/index.ts'
import { runAlone } from './kit/alone.ts'
import { Figures, type Section } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import type { Options } from './kit/options.ts'
import { runPart } from './kit/part.ts'
import { EXAMPLES, SIMPLE } from './voices/generators.ts'
import { TIGHT } from './voices/tight.ts'
import { compilers, compileVoice, runNative } from './voices/native.ts'

const PARTS = new URL('./voices/parts.ts', import.meta.url)
/** Of the simple voice at once; a jam may hold 256. */
const VOICES = 200
/** Of an example at once: many players' worth. */
const INSTANCES = 16
const FLAGS = [['-O2'], ['-O3', '-march=native']]

export async function measureVoices({ quick, rounds }: Options): Promise<Section> {
  const seconds = quick ? 1 : 10
  const figures = new Figures()
  const costs = async (part: string, ...args: (string | number)[]): Promise<number> =>
    (await runPart<{ ns: number }>(PARTS, part, ...args)).ns
  await inFolder(async (folder) => {
    const here = compilers()
    if (here.length === 0) figures.note('the native voice is left out: neither clang nor gcc is here')
    const natives = await Promise.all(
      here.flatMap((compiler) =>
        FLAGS.map(async (flags) => ({
          what: `simple, native C by ${compiler} ${flags.join(' ')}`,
          program: await compileVoice(compiler, flags, folder),
        })),
      ),
    )
    for (let round = 0; round < rounds; round++) {
      for (const { what, program } of natives) figures.add(what, await runNative(program, VOICES, seconds), 'ns/frame')
      figures.add('simple, its WASM as it is', await costs('plain', VOICES, seconds), 'ns/frame')
      figures.add('simple, in the runtime', await costs('runtime', VOICES, seconds), 'ns/frame')
      figures.add('simple, in the mix', await costs('mixed', SIMPLE, VOICES, seconds), 'ns/frame')
      for (const name of Object.keys(TIGHT)) {
        const { plain, metered } = await runPart<{ plain: number; metered: number }>(PARTS, 'tight', name)
        figures.add(`tight loop, ${name}: as it is`, plain, 'ns/turn')
        figures.add(`tight loop, ${name}: in the runtime`, metered, 'ns/turn')
      }
      for (const name of EXAMPLES) {
        figures.add(`${name}, in the runtime`, await costs('example', name), 'ns/frame')
        figures.add(`${name}, in the mix`, await costs('mixed', name, INSTANCES, seconds), 'ns/frame')
      }
    }
    for (const name of Object.keys(TIGHT))
      figures.ratio(
        `tight loop, ${name}: in the runtime, to as it is`,
        `tight loop, ${name}: in the runtime`,
        `tight loop, ${name}: as it is`,
      )
    for (const what of ['simple, in the runtime', 'simple, in the mix'])
      if (natives[0]) figures.ratio(`${what}, to ${natives[0].what.slice(8)}`, what, natives[0].what)
  })
  for (const name of [SIMPLE, ...EXAMPLES]) {
    figures.derive(`${name}, in the mix: in real time on one core`, `${name}, in the mix`, 'voices', (ns) =>
      Math.floor(1e9 / SAMPLE_RATE / ns),
    )
  }
  figures.note(`${VOICES} simple voices or ${INSTANCES} of an example at once, in blocks of 128 frames, processor time`)
  return figures.section('Voices')
}

await runAlone(import.meta.url, measureVoices)
