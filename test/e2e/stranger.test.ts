import { createHash, generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import createMuxrpc from 'muxrpc'
import multiserver from 'multiserver'
import net from 'multiserver/plugins/net.js'
import shs from 'multiserver/plugins/shs.js'
import pull from 'pull-stream'
import { base64, type PlayerId } from '../../lib/base/index.ts'
import { methodsOf } from '../../lib/host/index.ts'
import { CONTRACTS } from '../helpers/contracts.ts'
import { e2e, meet, startJam, type NodeKit, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

/** FEEDS.md section 6: what each role may call. Every method of every contract stands here, or the test fails. */
const TABLE: Record<string, readonly string[]> = {
  stranger: [
    'manifest',
    'generators',
    'players',
    'generator',
    'join',
    'redeem',
    'gossip.link',
    'blobs.link',
    'interest.tell',
    'feeds.yours',
  ],
  tracked: [],
  member: ['clock', 'play'],
}
/** What every connection answers to, besides. */
const SYSTEM = ['ping', 'credit', 'cancel']
const METHODS = CONTRACTS.flatMap((contract) => methodsOf(contract))
const ofMembers = TABLE['member'] ?? []
const ofSelf = METHODS.filter(([path]) => !Object.values(TABLE).flat().includes(path))

// From here to `ours` nothing of this project is used: what somebody else would write with npm's packages alone.

type Call = (...args: unknown[]) => unknown
type Methods = Record<string, Call & Record<string, Call>>
interface Client {
  readonly methods: Methods
  readonly manifest: Record<string, unknown>
  readonly publicKey: Buffer
  close(): void
}

function freshKeys(): { publicKey: Buffer; secretKey: Buffer } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32)
  return { publicKey: raw, secretKey: Buffer.concat([seed, raw]) }
}

/** Connects with a fresh key; without a manifest of one's own it asks for the node's. */
function connect(address: string, manifest?: object): Promise<Client> {
  const keys = freshKeys()
  const appKey = createHash('sha256').update('marmalade/1 network').digest()
  const handshake = shs({ keys, appKey, timeout: 5_000, auth: (_key, done) => done(null, true) })
  return new Promise((resolve, reject) => {
    multiserver([[net({}), handshake]]).client(address, (error, stream) => {
      if (error || !stream) {
        reject(error ?? new Error('no stream'))
        return
      }
      const made = (shown: object): void =>
        resolve({
          methods: rpc as unknown as Methods,
          manifest: shown as Record<string, unknown>,
          publicKey: keys.publicKey,
          close: () => rpc.close(true, () => undefined),
        })
      const rpc = manifest
        ? createMuxrpc(manifest, null, null)
        : createMuxrpc((failed: unknown, shown: object) => {
            // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever muxrpc gives
            if (failed) reject(failed)
            else made(shown)
          })
      pull(stream, rpc.stream, stream)
      if (manifest) made(manifest)
    })
  })
}

const ask = (method: Call | undefined, ...args: unknown[]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    method?.(...args, (error: unknown, value: unknown) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- muxrpc gives the plain object that was sent
      if (error) reject(error)
      else resolve(value)
    })
  })
const collect = (source: unknown): Promise<unknown[]> =>
  new Promise((resolve, reject) => {
    pull(
      source as pull.Source<unknown>,
      pull.collect((error, values) => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as above
        if (error) reject(error)
        else resolve(values)
      }),
    )
  })

// ours: the node that is called, and the tests.

/** Ada, who follows Ben and plays in a jam of hers; she has a generator of each. */
async function stage(kit: NodeKit): Promise<{ ada: TestNode; ben: TestNode; arp: string; bass: string; jam: string }> {
  const ada = await kit.node()
  const ben = await kit.node()
  const arp = await ada.publish('arp')
  const bass = await ben.publish('bass')
  await meet(ada, ben)
  await until('the archive has come', () => ada.blobs.store.has(bass.archive))
  const jam = await startJam('open', ada)
  return { ada, ben, arp: arp.archive, bass: bass.archive, jam }
}

async function stranger(kit: NodeKit, node: TestNode, manifest?: object): Promise<Client> {
  return kit.add(await connect(node.address, manifest), (it) => it.close())
}

const failure = async (promise: Promise<unknown>): Promise<Record<string, unknown>> =>
  promise.then(
    (value) => ({ code: `no failure but ${inspect(value).slice(0, 100)}` }),
    (error: unknown) => error as Record<string, unknown>,
  )
const code = async (promise: Promise<unknown>): Promise<unknown> => (await failure(promise))['code']

const tree = (methods: readonly (readonly [string, { readonly kind: string }])[]): Record<string, unknown> => {
  const made: Record<string, unknown> = {}
  for (const [path, { kind }] of methods) {
    const [first = '', second] = path.split('.')
    if (second === undefined) made[first] = kind
    else made[first] = { ...(made[first] as object | undefined), [second]: kind }
  }
  return made
}

e2e(
  'somebody with npm alone reads the manifest, finds players and generators, and streams an archive',
  async (t, kit) => {
    const { ada, ben, arp, bass, jam } = await stage(kit)
    const { methods, manifest } = await stranger(kit, ada)

    const offered = TABLE['stranger']?.filter((path) => path !== 'manifest') ?? []
    t.deepEqual(
      { ...tree(METHODS.filter(([path]) => offered.includes(path))), manifest: 'async' },
      Object.fromEntries(Object.entries(manifest).filter(([name]) => !SYSTEM.includes(name))),
      'the manifest is the first column of the table',
    )

    const players = (await ask(methods['players'], {})) as Record<string, unknown>[]
    t.deepEqual(players.map(({ identity }) => identity).sort(), [ada.id, ben.id].sort())
    for (const player of players) {
      t.deepEqual(player['addresses'], [], 'only addresses that their owners published')
      t.equal(player['lastSeen'], 'now', 'coarse')
      t.notOk('newest' in player, 'nothing finer beside it')
    }

    const generators = (await ask(methods['generators'], {})) as { name: string; archive: string; size: number }[]
    t.deepEqual(
      generators.map(({ name }) => name),
      ['bass', 'arp'],
      'newest first',
    )
    const { archive, size } = generators.find(({ name }) => name === 'arp') ?? { archive: '', size: 0 }
    t.equal(archive, arp)
    const bytes = Buffer.concat((await collect(methods['generator']?.({ archive }))) as Buffer[])
    t.equal(bytes.length, size)
    t.equal(`&${createHash('sha256').update(bytes).digest('base64')}.sha256`, archive, 'its hash is its blob id')
    const rest = Buffer.concat((await collect(methods['generator']?.({ archive, offset: 1_000 }))) as Buffer[])
    t.deepEqual(rest, bytes.subarray(1_000), 'or from an offset on')

    t.equal(await code(collect(methods['generator']?.({ archive: bass }))), 'BLOB_UNKNOWN', 'nothing that others made')
    const other = `&${createHash('sha256').update('?').digest('base64')}.sha256`
    t.equal(await code(collect(methods['generator']?.({ archive: other }))), 'BLOB_UNKNOWN')
    t.equal(await code(collect(methods['generator']?.({ archive: '../../secret' }))), 'ARGUMENTS_INVALID')
    t.deepEqual(await ask(methods['join'], { jam }), { state: 'waiting' })
  },
)

e2e('a stranger may call nothing beyond its column, whatever manifest it brings', async (t, kit) => {
  const { ada, jam } = await stage(kit)
  const { methods } = await stranger(kit, ada, tree(METHODS))

  async function refusedAll(when: string): Promise<void> {
    for (const [path, { kind }] of [...METHODS.filter(([name]) => ofMembers.includes(name)), ...ofSelf]) {
      const [first = '', second] = path.split('.')
      const method = second === undefined ? methods[first] : methods[first]?.[second]
      const failed = await failure(kind === 'source' ? collect(method?.({})) : ask(method, {}))
      t.equal(failed['code'], 'NOT_ALLOWED', `${path} ${when}`)
      t.deepEqual(Object.keys(failed).sort(), ['code', 'message'], 'a code and a message: no stack')
    }
  }
  await refusedAll('at first')
  t.deepEqual(await ask(methods['join'], { jam }), { state: 'waiting' })
  await refusedAll('nor after asking to join')
  t.equal(ofSelf.length, METHODS.length - Object.values(TABLE).flat().length + 1, 'the table names what there is')
})

e2e('to ask to join makes no friend: what is served to a stranger stays the same', async (t, kit) => {
  const { ada, bass, jam } = await stage(kit)
  const { methods, publicKey } = await stranger(kit, ada)
  const caller = `@${publicKey.toString('base64')}.ed25519` as PlayerId
  const nobodys = `${caller}:nothing`
  t.equal(await code(ask(methods['join'], { jam: nobodys })), 'JAM_UNKNOWN', 'a jam that is none of ours')
  t.deepEqual(await ask(methods['join'], { jam }), { state: 'waiting' })
  t.ok(ada.feeds.tracked.has(caller), 'its feed is looked at, so that its entry can come')
  t.equal(await ada.roleOf({ id: caller }), 'stranger')
  t.equal(await code(collect(methods['generator']?.({ archive: bass }))), 'BLOB_UNKNOWN')
  await until(
    'its calls are counted still',
    () => code(ask(methods['players'], {})),
    (seen) => seen === 'RATE_LIMITED',
  )
})

e2e('a stranger is limited in rate, each call by itself', async (t, kit) => {
  const ada = await kit.node()
  const { methods } = await stranger(kit, ada)
  const burst = async (count: number, call: () => Promise<unknown>): Promise<Set<unknown>> => {
    const codes = await Promise.all(Array.from({ length: count }, () => failure(call())))
    return new Set(codes.map((failed) => failed['code']).filter((seen) => !String(seen).startsWith('no failure')))
  }
  const jam = `${ada.id}:none`
  const archive = `&${base64(new Uint8Array(32))}.sha256`
  for (const [path, call, others] of [
    ['players', () => ask(methods['players'], {}), []],
    ['generators', () => ask(methods['generators'], {}), []],
    ['join', () => ask(methods['join'], { jam }), ['JAM_UNKNOWN']],
    ['generator', () => collect(methods['generator']?.({ archive })), ['BLOB_UNKNOWN']],
  ] as const) {
    t.deepEqual(burstCodes(await burst(40, call)), [...others, 'RATE_LIMITED'].sort(), path)
  }
  const { methods: again } = await stranger(kit, ada)
  t.ok(Array.isArray(await ask(again['players'], {})), 'another caller is not held back for it')
})

const burstCodes = (codes: Set<unknown>): unknown[] => [...codes].sort()
