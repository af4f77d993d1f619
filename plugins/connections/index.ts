export * from './contract.ts'
export * from './plugin.ts'
export type * from './types.ts'
