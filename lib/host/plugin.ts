import type { z } from 'zod'
import { nothing } from './contract.ts'
import type { AnyStarted, Apis, Contract, Need, Needs, Plugin, PluginHost, Started } from './types.ts'

interface Definition<Api, C extends Contract, N extends Needs, O extends z.ZodType> {
  /** Unique in a host; also the name of its slice of the configuration. */
  readonly name: string
  /** The plugins whose api it uses, under names of its choice. */
  readonly needs?: N
  readonly contract?: C
  /** Its slice of the configuration: the schema says the defaults too. */
  readonly options?: O
  /** Called once, after everything it needs has started and before the node listens. */
  start(host: PluginHost, needs: Apis<N>, options: z.output<O>): Promise<Started<C, Api>>
}

/** No plugin needed, no method offered, no option taken. */
type None = Readonly<Record<string, never>>

/**
 * Defines a plugin: what it needs, what it offers over the wire, and how it starts. Types of needs, options and handlers follow from
 * the definition; the host sees it through Plugin.
 */
export function definePlugin<
  Api,
  const C extends Contract = None,
  const N extends Needs = None,
  O extends z.ZodType = typeof nothing,
>(definition: Definition<Api, C, N, O>): Plugin<Api, C> {
  return {
    name: definition.name,
    // Where one of these is left out, its type is the default above, which the empty value fits.
    needs: definition.needs ?? {},
    contract: definition.contract ?? ({} as C),
    options: definition.options ?? nothing,
    async start(host, needs, options): Promise<AnyStarted> {
      // The host resolved `needs` by this definition's names and parsed `options` by its schema.
      const started = await definition.start(host, needs as Apis<N>, options as z.output<O>)
      return { ...started, stop: () => started.stop?.(), ready: () => started.ready?.() }
    },
  }
}

/** Names a plugin by its api alone, without importing it. */
export const need = <Api>(name: string): Need<Api> => ({ name })
