import { MarmaladeError } from '../base/index.ts'

/** The engine that new jams name, and the newest that is rendered here: it, and every one before it (docs/engine-1.md). */
export const ENGINE = 1

/** @throws MarmaladeError ENGINE_UNKNOWN where a jam names one that came later */
export function checkEngine(engine: number): void {
  if (engine <= ENGINE) return
  throw new MarmaladeError(
    'ENGINE_UNKNOWN',
    `the jam is made for engine ${engine}, and this version renders up to engine ${ENGINE}: a newer Marmalade plays it`,
  )
}
