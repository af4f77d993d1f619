export * from './box.ts'
export * from './crypto.ts'
export * from './identity.ts'
export * from './shortid.ts'
