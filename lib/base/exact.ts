/**
 * Functions of real numbers from + - * / alone, so that every engine gives the same bits.
 * Source: argument reduction by powers of two and a Taylor polynomial; relative error below 1e-15.
 */

const LOG2_10_OVER_20 = 0.16609640474436813
const LN2 = 0.6931471805599453

/** 2^x for |x| up to 1,000. */
export function exp2(x: number): number {
  const whole = Math.floor(x + 0.5)
  const t = (x - whole) * LN2
  let sum = 1
  let term = 1
  for (let n = 1; n < 18; n++) {
    term = (term * t) / n
    sum += term
  }
  const step = whole < 0 ? 0.5 : 2
  for (let n = Math.abs(whole); n > 0; n--) sum *= step
  return sum
}

/** Linear factor of a gain in decibels; 0 at or below -200 dB. */
export const gainOfDecibels = (decibels: number): number => (decibels <= -200 ? 0 : exp2(decibels * LOG2_10_OVER_20))
