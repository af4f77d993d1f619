export * from './build.ts'
export { findAsc } from './compilers.ts'
export { newerSource } from './plan.ts'
export * from './types.ts'
