import { MAX_DEPTH } from './scan.ts'

/** A payload stands inside the entry's own object. */
const PAYLOAD_DEPTH = 2

/**
 * Where and why a value has no place in a payload, or would not come back from JSON as it is; undefined where it
 * would. Bounded: an object that holds itself ends at the greatest depth.
 */
export function plainFault(value: unknown, where = 'payload', depth = PAYLOAD_DEPTH): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${where} is ${value}`
  if (typeof value !== 'object') return `${where} is of type ${typeof value}`
  if (depth > MAX_DEPTH) return `${where} nests too deep`
  if (Array.isArray(value)) return firstFault(Array.from(value as unknown[]), where, depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return `${where} is not a plain object`
  return firstFault(value, where, depth)
}

/** `undefined` as the value of a key means that the key is left away; in an array it has no such meaning. */
function firstFault(container: object, where: string, depth: number): string | undefined {
  for (const [key, item] of Object.entries(container) as [string, unknown][]) {
    if (key === '__proto__') return `${where} has the key __proto__`
    if (item === undefined && !Array.isArray(container)) continue
    const fault = plainFault(item, `${where}.${key}`, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}
