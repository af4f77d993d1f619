import { MarmaladeError } from '../base/index.ts'
import { methodsOf } from './contract.ts'
import type { AnyHandler, AnyStarted, Contract, HandlerTable, Log, Plugin, PluginHost } from './types.ts'
import type { Registered } from './wire/registered.ts'
import { systemContract } from './wire/session.ts'
import { firstIssue } from './wire/values.ts'

export type AnyPlugin = Plugin<unknown>

/**
 * The plugins in an order in which each comes after those it needs; otherwise as given.
 * @throws MarmaladeError PLUGIN_TWICE, NEEDS_MISSING, NEEDS_CIRCULAR
 */
export function inOrderOfNeed(plugins: readonly AnyPlugin[]): AnyPlugin[] {
  const byName = new Map<string, AnyPlugin>()
  for (const plugin of plugins) {
    if (byName.has(plugin.name)) throw new MarmaladeError('PLUGIN_TWICE', `two plugins are called ${plugin.name}`)
    byName.set(plugin.name, plugin)
  }
  const placed = new Set<AnyPlugin>()

  function place(plugin: AnyPlugin, path: readonly string[]): void {
    if (placed.has(plugin)) return
    const way = [...path, plugin.name]
    if (path.includes(plugin.name))
      throw new MarmaladeError('NEEDS_CIRCULAR', `plugins need each other: ${way.join(' -> ')}`)
    for (const { name } of Object.values(plugin.needs)) {
      const needed = byName.get(name)
      if (!needed) throw new MarmaladeError('NEEDS_MISSING', `${plugin.name} needs the plugin ${name}: load it too`)
      place(needed, way)
    }
    placed.add(plugin)
  }

  for (const plugin of plugins) place(plugin, [])
  return [...placed]
}

/** The methods of a plugin, each with its handler. @throws MarmaladeError METHOD_TWICE where one is taken, PLUGIN_FAILED where a handler is missing */
export function register(
  table: Map<string, Registered>,
  name: string,
  contract: Contract,
  handlers: HandlerTable,
): void {
  for (const [path, method] of methodsOf(contract)) {
    const [first = ''] = path.split('.')
    const clash = [...table.keys(), ...SYSTEM].find(
      (taken) => taken === path || taken === first || taken.startsWith(`${path}.`),
    )
    if (clash !== undefined)
      throw new MarmaladeError('METHOD_TWICE', `${name} offers ${path}, which is taken (${clash})`)
    table.set(path, { path, method, handler: handlerAt(handlers, path, name) })
  }
}

function handlerAt(handlers: HandlerTable, path: string, plugin: string): AnyHandler {
  let at: AnyHandler | HandlerTable | undefined = handlers
  for (const name of path.split('.')) at = typeof at === 'object' ? at[name] : undefined
  if (typeof at !== 'function') throw new MarmaladeError('PLUGIN_FAILED', `${plugin} has no handler for ${path}`)
  return at
}

/** Names that every connection answers to by itself. */
const SYSTEM = Object.keys(systemContract)

interface Running {
  readonly plugin: AnyPlugin
  readonly started: AnyStarted
}

/** Starts plugins in order of need and stops them in reverse. */
export class PluginSet {
  readonly #order: readonly AnyPlugin[]
  readonly #config: Readonly<Record<string, unknown>>
  readonly #log: Log
  readonly #running: Running[] = []

  /** @throws MarmaladeError PLUGIN_TWICE, NEEDS_MISSING, NEEDS_CIRCULAR */
  constructor(plugins: readonly AnyPlugin[], config: Readonly<Record<string, unknown>>, log: Log) {
    this.#order = inOrderOfNeed(plugins)
    this.#config = config
    this.#log = log
  }

  /** @throws MarmaladeError OPTIONS_INVALID, METHOD_TWICE, PLUGIN_FAILED, or what a plugin's start failed with */
  async start(host: PluginHost, table: Map<string, Registered>): Promise<void> {
    for (const plugin of this.#order) {
      const parsed = plugin.options.safeParse(this.#config[plugin.name] ?? {})
      if (!parsed.success) throw new MarmaladeError('OPTIONS_INVALID', `${plugin.name}: ${firstIssue(parsed.error)}`)
      const needs = Object.fromEntries(Object.entries(plugin.needs).map(([key, { name }]) => [key, this.api(name)]))
      const started = await failing(plugin.name, 'start', () => plugin.start(host, needs, parsed.data))
      this.#running.push({ plugin, started })
      register(table, plugin.name, plugin.contract, started.handlers)
    }
  }

  async ready(): Promise<void> {
    for (const { plugin, started } of this.#running)
      await failing(plugin.name, 'get ready', async () => started.ready?.())
  }

  /** The api of a running plugin. @throws MarmaladeError NEEDS_MISSING */
  api(name: string): unknown {
    const running = this.#running.find(({ plugin }) => plugin.name === name)
    if (!running) throw new MarmaladeError('NEEDS_MISSING', `the plugin ${name} is not running`)
    return running.started.api
  }

  /** Stops all that run, the last started first. Gives what went wrong; one that fails does not keep others from stopping. */
  async stop(): Promise<unknown[]> {
    const errors: unknown[] = []
    for (const { plugin, started } of this.#running.splice(0).reverse()) {
      try {
        await started.stop?.()
      } catch (error) {
        this.#log.error({ err: error, plugin: plugin.name }, 'a plugin failed to stop')
        errors.push(error)
      }
    }
    return errors
  }
}

/** Keeps an error that has a code; gives any other the plugin's name. */
async function failing<T>(name: string, what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (cause instanceof MarmaladeError) throw cause
    throw new MarmaladeError('PLUGIN_FAILED', `the plugin ${name} could not ${what}: ${String(cause)}`, { cause })
  }
}
