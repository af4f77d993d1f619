export * from './contract.ts'
export * from './plugin.ts'
