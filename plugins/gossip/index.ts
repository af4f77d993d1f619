export * from './contract.ts'
export { discardKept } from './refetch.ts'
export * from './plugin.ts'
export type * from './types.ts'
