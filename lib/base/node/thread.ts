import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * Starts a worker thread from a module beside the caller: `startThread(new URL('./x.ts', import.meta.url))`.
 * From source (tests run through tsx) the thread registers tsx first, which Node 20 does not pass on to workers. Where tape
 * loads the caller by require there is no import.meta.resolve.
 */
export function startThread(module: URL, options: WorkerOptions = {}): Worker {
  if (!module.pathname.endsWith('.ts')) return new Worker(module, options)
  const require = createRequire(import.meta.url)
  // Required it is the package's CommonJS build, whose own hooks cannot be registered; the other lies beside it.
  const tsx = JSON.stringify(pathToFileURL(require.resolve('tsx/esm/api').replace(/\.cjs$/, '.mjs')).href)
  const bootstrap = `import(${tsx}).then(({register})=>{register();return import(${JSON.stringify(module.href)})})`
  return new Worker(bootstrap, { ...options, eval: true })
}

/** The module beside the caller under the ending that this build runs with: `.ts` from source, `.js` when built. */
export function siblingModule(name: string, from: string): URL {
  return new URL(`./${name}${from.endsWith('.ts') ? '.ts' : '.js'}`, from)
}

/** What `node` needs before a module that it is started with: where it is source, the loader that reads it. */
export function loaderFor(module: URL): string[] {
  if (!module.pathname.endsWith('.ts')) return []
  const require = createRequire(import.meta.url)
  return ['--import', pathToFileURL(require.resolve('tsx')).href]
}
