export * from './contract.ts'
export * from './plugin.ts'
export { compacting, exporting, importing, sizesOf, verifying } from './serve.ts'
