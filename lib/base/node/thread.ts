import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * Starts a worker thread from a module beside the caller: `startThread(new URL('./x.ts', import.meta.url))`.
 * From source (tests run through tsx) the thread registers tsx first, which Node 20 does not pass on to workers.
 */
export function startThread(module: URL, options: WorkerOptions = {}): Worker {
  if (!module.pathname.endsWith('.ts')) return new Worker(module, options)
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const bootstrap = `import(${tsx}).then(({register})=>{register();return import(${JSON.stringify(module.href)})})`
  return new Worker(bootstrap, { ...options, eval: true })
}

/** The module beside the caller under the ending that this build runs with: `.ts` from source, `.js` when built. */
export function siblingModule(name: string, from: string): URL {
  return new URL(`./${name}${from.endsWith('.ts') ? '.ts' : '.js'}`, from)
}
