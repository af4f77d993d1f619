import { z } from 'zod'
import { isBlobId, isEntryKey, isGeneratorId, isJamId, isName, isPlayerId, MarmaladeError } from '../base/index.ts'
import type { BlobId, EntryKey, GeneratorId, JamId, Name, PlayerId } from '../base/index.ts'
import type {
  AsyncMethod,
  BytesShape,
  Contract,
  DuplexMethod,
  Limits,
  Method,
  Rate,
  Role,
  Shape,
  SourceMethod,
} from './types.ts'

/** Roles from the least to the most: whoever is allowed something, all above are too. */
export const ROLES: readonly Role[] = ['stranger', 'tracked', 'member', 'self']
/** Whether `role` reaches the least role that a method asks for. */
export const reaches = (role: Role, least: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(least)

/** Bytes as a result or as a stream's items. */
export const bytes: BytesShape = { shape: 'bytes' }
export const isBytes = (shape: Shape): shape is BytesShape => shape === bytes

/** Arguments of a call that takes none. */
export const nothing = z.strictObject({})
const DEFAULT_RATE: Rate = { perSecond: 5, burst: 20 }
const DEFAULT_LIMITS: Limits = { items: 10_000, bytes: 16 * 1024 * 1024 }

interface Terms {
  /** The least role that may call; `self`, so nobody over the network, where it is left out. */
  readonly allow?: Role
  /** How often a stranger may call: 5 a second, 20 at once, where it is left out. */
  readonly rate?: Rate
}

type Nothing = typeof nothing
/** Where `args` is left out the call takes none: overloads, because inference would else make them `unknown`. */
type NoArgs = Terms & { readonly args?: undefined }
type WithArgs<A extends z.ZodType> = Terms & { readonly args: A }

/** A method with one answer. */
export function async_<R extends Shape>(terms: NoArgs & { readonly result: R }): AsyncMethod<Nothing, R>
export function async_<A extends z.ZodType, R extends Shape>(
  terms: WithArgs<A> & { readonly result: R },
): AsyncMethod<A, R>
export function async_(terms: AnyTerms & { readonly result: Shape }): AsyncMethod {
  return { kind: 'async', ...common(terms), result: terms.result }
}

/** A method that answers with a stream: at most 10,000 items and 16 MiB where `limits` says nothing else. */
export function source<I extends Shape>(terms: NoArgs & Items<I>): SourceMethod<Nothing, I>
export function source<A extends z.ZodType, I extends Shape>(terms: WithArgs<A> & Items<I>): SourceMethod<A, I>
export function source(terms: AnyTerms & Items<Shape>): SourceMethod {
  return { kind: 'source', ...common(terms), item: terms.item, limits: { ...DEFAULT_LIMITS, ...terms.limits } }
}
interface Items<I extends Shape> {
  readonly item: I
  readonly limits?: Partial<Limits>
}

/** A method with a stream each way: `up` from the caller, `down` to it. */
export function duplex<U extends Shape, D extends Shape>(terms: NoArgs & Both<U, D>): DuplexMethod<Nothing, U, D>
export function duplex<A extends z.ZodType, U extends Shape, D extends Shape>(
  terms: WithArgs<A> & Both<U, D>,
): DuplexMethod<A, U, D>
export function duplex(terms: AnyTerms & Both<Shape, Shape>): DuplexMethod {
  return { kind: 'duplex', ...common(terms), up: terms.up, down: terms.down }
}
interface Both<U extends Shape, D extends Shape> {
  readonly up: U
  readonly down: D
}

type AnyTerms = Terms & { readonly args?: z.ZodType | undefined }
const common = (terms: AnyTerms): { args: z.ZodType; allow: Role; rate: Rate } => ({
  args: terms.args ?? nothing,
  allow: terms.allow ?? 'self',
  rate: terms.rate ?? DEFAULT_RATE,
})

const METHOD_NAME = /^[a-z][a-zA-Z0-9]{0,31}$/

/**
 * Checks a contract and gives it back with its exact type.
 * @throws MarmaladeError CONTRACT_INVALID for a name that is not `[a-z][a-zA-Z0-9]*`, or for a shape that the wire cannot carry
 */
export function defineContract<const C extends Contract>(contract: C): C {
  for (const [path, method] of methodsOf(contract)) {
    const names = path.split('.')
    if (names.length > 2 || !names.every((name) => METHOD_NAME.test(name))) {
      throw unfit(path, 'names of methods are letters and digits, starting with a small letter')
    }
    for (const shape of shapesOf(method)) checkShape(path, shape)
  }
  return contract
}

/** Every method of a contract with its dotted name, in order. */
export function methodsOf(contract: Contract): [path: string, method: Method][] {
  return Object.entries(contract).flatMap(([name, entry]): [string, Method][] =>
    isMethod(entry)
      ? [[name, entry]]
      : Object.entries(entry).map(([inner, method]): [string, Method] => [`${name}.${inner}`, method]),
  )
}

export function isMethod(entry: Contract[string]): entry is Method {
  return typeof entry.kind === 'string'
}

function shapesOf(method: Method): Shape[] {
  if (method.kind === 'async') return [method.result]
  return method.kind === 'source' ? [method.item] : [method.up, method.down]
}

function checkShape(path: string, shape: Shape): void {
  if (isBytes(shape)) return
  if (shape.safeParse('').success) throw unfit(path, 'muxrpc cannot carry an empty string: put it in an object')
  if (shape.safeParse(null).success && shape.safeParse(undefined).success) {
    throw unfit(path, 'undefined travels as null, so a shape cannot have both: put it in an object')
  }
}

const unfit = (path: string, why: string) => new MarmaladeError('CONTRACT_INVALID', `${path}: ${why}`)

/** Schemas of the branded ids, for contracts. */
export const ids = {
  player: z.custom<PlayerId>(isPlayerId, 'not an identity (@….ed25519)'),
  entry: z.custom<EntryKey>(isEntryKey, 'not an entry key (%….sha256)'),
  blob: z.custom<BlobId>(isBlobId, 'not a blob id (&….sha256)'),
  jam: z.custom<JamId>(isJamId, 'not a jam id (<identity>:<name>)'),
  generator: z.custom<GeneratorId>(isGeneratorId, 'not a generator id (<identity>:<name>)'),
  name: z.custom<Name>(isName, 'not a name: 1 to 64 of a-z 0-9 . _ - starting with a letter or digit'),
} as const
