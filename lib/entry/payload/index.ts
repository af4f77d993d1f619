export {
  MAX_BAR,
  MAX_BLOB_BYTES,
  MAX_PARAMS,
  MAX_TAG_TEXT,
  MAX_TEMPO,
  MAX_TEXT,
  MAX_TICKS,
  MIN_TEMPO,
  barsOfUnit,
  isMeter,
  isOnUnit,
  meterParts,
} from './fields.ts'
export type { Meter, OnUnit, TagValue } from './fields.ts'
export * from './read.ts'
export type { EntryTag, JamAction, JamPayload, JamTag, KnownPayload, PayloadOf, PayloadType } from './schemas.ts'
