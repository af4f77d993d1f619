/**
 * Units as flavours of number: a plain number goes in, but beats do not pass for frames.
 */
declare const unit: unique symbol
type Unit<U extends string> = number & { readonly [unit]?: U }

/** Samples per channel at 48,000 Hz. A jam frame counts from the jam's origin. */
export type Frames = Unit<'frames'>
/** 1/960 of a beat; whole in entries. */
export type Ticks = Unit<'ticks'>
export type Beats = Unit<'beats'>
/** Bars, counted from 0. Shown to people from 1. */
export type Bars = Unit<'bars'>
/** Microseconds since 1970. */
export type Micros = Unit<'micros'>
export type Millis = Unit<'millis'>
/** Decibels; relative to full scale where a level is meant. */
export type Decibels = Unit<'decibels'>

export const SAMPLE_RATE = 48_000
/** Frames of the largest block, and the grid that late changes wait for. */
export const BLOCK = 128
export const TICKS_PER_BEAT = 960
