import { createRequire } from 'node:module'

/** Finds what bench/package.json names, and nothing else. */
const fromPeers = createRequire(new URL('../package.json', import.meta.url))

/** A package of bench/package.json, as the caller declares that it looks. */
// The package has no types: what a caller declares is checked by nobody, so it is asked for where it is used.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- see above
export const loadPeer = <T>(name: string): T => fromPeers(name) as T

/** Whether bench/package.json has been installed: tried where it lies, since the project has some of the names itself. */
export function arePeersInstalled(): boolean {
  try {
    return fromPeers.resolve('ssb-db2').includes('/bench/node_modules/')
  } catch {
    return false
  }
}

export type Callback<T> = (error: Error | null | undefined, value: T) => void

/** The promise of what a callback is handed. */
export function promised<T>(start: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => start((error, value) => (error ? reject(error) : resolve(value))))
}
