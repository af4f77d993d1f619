export * from './directory.ts'
export * from './follows.ts'
