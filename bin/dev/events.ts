import { ownedParts, type JamId } from '../../lib/base/index.ts'
import type { BuildFault } from '../../lib/authoring/index.ts'
import { faultWords } from '../cli/build-words.ts'
import { decibels } from '../cli/words.ts'

/** What happens while a generator is tried out, in order. */
export type DevEvent =
  | { readonly event: 'open'; readonly jam: JamId; readonly name: string }
  | { readonly event: 'building' }
  | { readonly event: 'built'; readonly millis: number }
  /** Without `advice` it keeps a version from being built: the one before goes on. */
  | ({ readonly event: 'fault' | 'advice' } & BuildFault)
  /** It cannot be packed, or the engine does not take it. */
  | { readonly event: 'refused'; readonly code: string; readonly message: string }
  /** There is no new version: the one before goes on. */
  | { readonly event: 'kept' }
  /** It sounds; the rest is left out where it was over before it was measured. */
  | ({ readonly event: 'playing' } & Playing)
  /** It ended by itself. */
  | { readonly event: 'failed'; readonly code: string; readonly message: string }
  | { readonly event: 'log'; readonly text: string }
  | { readonly event: 'published'; readonly instance: string; readonly archive: string; readonly heard: string }
  | { readonly event: 'unpublished'; readonly code: string; readonly message: string }
  | { readonly event: 'over'; readonly message: string }

export interface Playing {
  /** Counted from 1. */
  readonly bar: number
  /** The how many-th since this began, from 1. */
  readonly version: number
  /** From the save (or the start) to its first frame, which is rendered up to 160 ms before it is heard. */
  readonly millis: number
  /** Whether it went on from the state of the version before; left out where there was none. */
  readonly carried?: boolean
  /** Milliseconds of processor time for a second of sound. */
  readonly load?: number
  /** A factor of full scale. */
  readonly peak?: number
}

/** One event in words, a line each; none for what only a view shows. */
export function wordsOf(event: DevEvent): string[] {
  switch (event.event) {
    case 'open':
      return [
        `${event.name} in ${ownedParts(event.jam).name}: you alone hear it. p publishes it for everybody, r builds it again, q ends`,
      ]
    case 'building':
      return []
    case 'built':
      return [`built in ${event.millis.toFixed(0)} ms`]
    case 'fault':
    case 'advice':
      return faultWords([event])
    case 'refused':
      return [`ERROR ${event.message} (${event.code})`]
    case 'kept':
      return ['the version before goes on']
    case 'playing':
      return [playingWords(event)]
    case 'failed':
      return [`it ended: ${event.message} (${event.code})`]
    case 'log':
      return [`log: ${event.text}`]
    case 'published':
      return [`published, and played as ${event.instance}: ${event.heard}`]
    case 'unpublished':
      return [`not published: ${event.message} (${event.code})`]
    case 'over':
      return [event.message]
  }
}

function playingWords({ bar, version, carried, load, peak }: Playing): string {
  const begun = version === 1 ? `playing from bar ${bar}` : `reloaded at bar ${bar}`
  const figures = load === undefined || peak === undefined ? '' : `: ${costOf(load)}, peak ${decibels(peak)}`
  const state = carried === undefined ? '' : carried ? ', its state went over' : ', it began afresh'
  return begun + figures + state
}

/** `3.1 ms a second of sound`. */
export const costOf = (load: number): string => `${load.toFixed(1)} ms a second of sound`
