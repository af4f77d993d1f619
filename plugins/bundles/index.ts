export * from './contract.ts'
export * from './plugin.ts'
export { exporting, importing, verifying } from './serve.ts'
