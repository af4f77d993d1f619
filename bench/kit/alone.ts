import { pathToFileURL } from 'node:url'
import type { Section } from './figures.ts'
import { type Options, readOptions } from './options.ts'
import { tableOf } from './table.ts'

export type Bench = (options: Options) => Promise<Section>

/** Runs a bench and prints its table where its module is what node was started with. */
export async function runAlone(url: string, bench: Bench): Promise<void> {
  const [, main = '', ...args] = process.argv
  if (url !== pathToFileURL(main).href) return
  console.log(tableOf(await bench(readOptions(args))))
}
