import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Every line of a take, parsed; of one that broke off all but what is half written. */
export async function takeLines(file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** The takes of a home, in the order in which they were begun. */
export async function takesOf(home: string): Promise<string[]> {
  const files = await readdir(join(home, 'takes'), { recursive: true })
  const takes = files.filter((file) => file.endsWith('.take'))
  return takes.sort().map((file) => join(home, 'takes', file))
}
