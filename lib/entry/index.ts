export * from './heads.ts'
export * from './parse.ts'
export * from './sign.ts'
export * from './types.ts'
