import { z } from 'zod'
import { MarmaladeError } from '../../lib/base/index.ts'
import { async_, bytes, definePlugin, defineContract, duplex, ids, need, source } from '../../lib/host/index.ts'

/**
 * How a plugin is written: a contract, an api, handlers, options, needs. It also has the methods that the host's own
 * tests call: each does one thing that a plugin may do, or do wrong.
 */
export const bandContract = defineContract({
  roster: async_({
    args: z.strictObject({ limit: z.int().min(1).max(100).default(10) }),
    result: z.array(z.object({ player: ids.player, name: z.string() })),
    allow: 'stranger',
  }),
  whoami: async_({ result: z.object({ role: z.string(), caller: ids.player }), allow: 'stranger' }),
  nothing: async_({ result: z.undefined(), allow: 'stranger' }),
  picture: async_({ args: z.object({ size: z.int().min(0) }), result: bytes, allow: 'stranger' }),
  wrong: async_({ result: z.number(), allow: 'stranger' }),
  fault: async_({ args: z.object({ how: z.enum(['error', 'code', 'text']) }), result: z.number(), allow: 'stranger' }),
  wait: async_({ result: z.number(), allow: 'stranger', rate: { perSecond: 1000, burst: 1000 } }),
  scarce: async_({ result: z.number(), allow: 'stranger', rate: { perSecond: 0.001, burst: 3 } }),
  counts: source({
    args: z.object({ to: z.int().min(0), failAt: z.int().optional() }),
    item: z.number(),
    allow: 'stranger',
    limits: { items: 2_000_000, bytes: 64 * 1024 * 1024 },
  }),
  archive: source({
    args: z.object({ pieces: z.int() }),
    item: bytes,
    allow: 'stranger',
    limits: { bytes: 1024 * 1024 },
  }),
  chat: {
    echo: duplex({ up: z.object({ say: z.string() }), down: z.object({ said: z.string() }), allow: 'stranger' }),
    pipe: duplex({ up: bytes, down: bytes, allow: 'tracked' }),
  },
  forTracked: async_({ result: z.literal('tracked'), allow: 'tracked' }),
  forMember: async_({ result: z.literal('member'), allow: 'member' }),
  forSelf: async_({ result: z.literal('self') }),
})

/** What another plugin may ask of this one. */
export interface BandApi {
  /** Items that the sources of this node have made so far. */
  produced(): number
  /** Resolves when a `wait` call has begun, with the signal of that call. */
  waiting(): Promise<AbortSignal>
}
export const Band = need<BandApi>('band')

export const bandPlugin = definePlugin({
  name: 'band',
  contract: bandContract,
  options: z.strictObject({ name: z.string().default('the band') }),
  async start(host, _needs, options) {
    let produced = 0
    const waits: AbortSignal[] = []
    const waiters: ((signal: AbortSignal) => void)[] = []

    async function* count(args: { to: number; failAt?: number | undefined }) {
      for (let n = 0; n < args.to; n++) {
        if (n === args.failAt) throw new MarmaladeError('NAME_INVALID', 'as asked for')
        produced++
        yield n
      }
    }

    return {
      api: {
        produced: () => produced,
        waiting: () => {
          const signal = waits.shift()
          return signal ? Promise.resolve(signal) : new Promise<AbortSignal>((resolve) => waiters.push(resolve))
        },
      } satisfies BandApi,
      handlers: {
        roster: ({ limit }) => Array.from({ length: limit }, () => ({ player: host.id, name: options.name })),
        whoami: (_, { role, caller }) => ({ role, caller }),
        nothing: () => undefined,
        picture: ({ size }) => new Uint8Array(size).fill(7),
        // A plugin written without types may answer anything: the caller must not take it.
        wrong: () => JSON.parse('"four"') as number,
        fault: ({ how }) => {
          if (how === 'code') throw new MarmaladeError('NAME_INVALID', 'say it differently')
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- anything can be thrown, and must not leak
          if (how === 'text') throw '/home/somebody/secret'
          throw new Error('ENOENT: open /home/somebody/secret')
        },
        wait: (_, { signal }) =>
          new Promise<number>((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error))
            const waiter = waiters.shift()
            if (waiter) waiter(signal)
            else waits.push(signal)
          }),
        scarce: () => 1,
        counts: (args) => count(args),
        archive: async function* ({ pieces }) {
          for (let n = 0; n < pieces; n++) yield new Uint8Array(16 * 1024).fill(n)
        },
        chat: {
          echo: async (_, context, link) => {
            for await (const { say } of link.source) await link.push({ said: `${context.role}: ${say}` })
          },
          pipe: async (_, __, link) => {
            for await (const piece of link.source) await link.push(piece)
          },
        },
        forTracked: () => 'tracked',
        forMember: () => 'member',
        forSelf: () => 'self',
      },
    }
  },
})
