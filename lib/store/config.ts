import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { MarmaladeError } from '../base/index.ts'
import { nearest } from './nearest.ts'

/** Bytes a second; less than this would make a connection look dead. */
const rateLimit = z.union([z.literal(0), z.int().min(16_384)]).default(0)

/**
 * What config.json may say for every program that opens the home. Parts of a node add slices of their own:
 * `CONFIG.extend({ gossip: z.strictObject({ … }).prefault({}) })`.
 */
export const CONFIG = z.strictObject({
  /** Shown to others on the first start; `marmalade name` changes it later. */
  name: z.string().min(1).max(64).optional(),
  /** TCP port for other nodes. */
  port: z.int().min(0).max(65_535).default(2468),
  /** Address to listen on: `::` is every one, IPv6 and IPv4. */
  host: z.string().min(1).max(255).default('::'),
  /** Where others reach this node from outside: `host`, `host:port`, or a whole address. */
  address: z.string().min(1).max(512).optional(),
  /** 32 bytes in base64: nodes with another one are another network. */
  networkKey: z
    .string()
    .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, '32 bytes in base64')
    .optional(),
  /** Where the sound goes: `speaker`, `aplay`, `wav:FILE`, `raw:-` or `null`. */
  sink: z.string().min(1).max(4096).optional(),
  /** How far follows reach: 1 is whom one follows, 2 whom those follow. */
  hops: z.int().min(0).max(4).default(2),
  /** Admit into one's jams whom one follows. */
  admitFollowed: z.boolean().default(true),
  log: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  blobs: z
    .strictObject({
      /** Bytes of the largest blob that is fetched. */
      maxBytes: z.int().min(0).default(67_108_864),
      /** Bytes that blobs may take, those that must stay included; 0 is no bound. */
      quota: z.int().min(0).default(10_737_418_240),
    })
    .prefault({}),
  /** Multiserver addresses of nodes to keep a link with. */
  peers: z.array(z.string().min(1).max(512)).max(256).default([]),
  /** Links that are dialled for; those of `peers` come on top. */
  links: z.int().min(0).max(48).default(24),
  /** The most bytes a second of each connection; 0 is no limit. */
  limits: z.strictObject({ up: rateLimit, down: rateLimit }).prefault({}),
  /** Tell the local network that this node is there, and hear others. */
  beacons: z.enum(['on', 'off']).default('on'),
  /** UDP port of the beacons: the same for all nodes of a network. */
  beaconPort: z.int().min(1).max(65_535).default(2468),
})
export type Config = z.output<typeof CONFIG>

/** The largest config.json that is read, in bytes. */
const MAX_CONFIG_BYTES = 1_048_576

/**
 * What `<home>/config.json` says, checked, defaults filled in; an absent file says nothing.
 * @throws MarmaladeError CONFIG_INVALID naming the key, and for an unknown one the nearest that exists
 */
export function readConfig<S extends z.ZodType>(home: { readonly path: string }, schema: S): z.output<S> {
  const file = join(home.path, 'config.json')
  const checked = schema.safeParse(parseFile(file))
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  throw new MarmaladeError('CONFIG_INVALID', `${file}: ${issue ? explain(issue, schema) : 'not understood'}`)
}

function parseFile(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new MarmaladeError('CONFIG_INVALID', `cannot read ${file}: see that this user owns it`, { cause })
  }
  if (text.length > MAX_CONFIG_BYTES) throw new MarmaladeError('CONFIG_INVALID', `${file} is larger than 1 MiB`)
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new MarmaladeError('CONFIG_INVALID', `${file} is no JSON: ${(cause as Error).message}`, { cause })
  }
}

function explain(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  const path = issue.path.map(String)
  if (issue.code !== 'unrecognized_keys') return `${path.join('.') || 'the whole'}: ${issue.message}`
  const [key = ''] = issue.keys
  const close = nearest(key, keysAt(schema, path))
  return `unknown key ${[...path, key].join('.')}${close === undefined ? '' : `; did you mean ${close}?`}`
}

/** The keys that a schema knows at a path. */
function keysAt(schema: z.ZodType, path: readonly string[]): readonly string[] {
  let at: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  for (const key of path) at = propertiesOf(at)[key]
  return Object.keys(propertiesOf(at))
}

function propertiesOf(json: unknown): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || !('properties' in json)) return {}
  return (json.properties ?? {}) as Record<string, unknown>
}
