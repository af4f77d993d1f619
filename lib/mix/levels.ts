/**
 * Logarithms from + - * / alone, so that figures too are the same everywhere.
 * Source: argument reduction by powers of two, then ln x = 2 artanh((x - 1) / (x + 1)) as a series.
 */

const LN2 = 0.6931471805599453
const SQRT_HALF = 0.7071067811865476
const DB_PER_NEPER = 8.685889638065037

/** Natural logarithm of a positive finite number; relative error below 1e-14. */
export function naturalLog(x: number): number {
  let exponent = 0
  while (x >= 2 * SQRT_HALF) {
    x *= 0.5
    exponent++
  }
  while (x < SQRT_HALF) {
    x *= 2
    exponent--
  }
  const t = (x - 1) / (x + 1)
  const square = t * t
  let power = t
  let sum = 0
  for (let n = 1; n < 44; n += 2) {
    sum += power / n
    power *= square
  }
  return exponent * LN2 + 2 * sum
}

/** Decibels of a factor, 20 log10; -Infinity for 0 and below. A sample's magnitude gives dBFS. */
export const decibelsOf = (factor: number): number => {
  if (factor === Infinity) return Infinity
  return factor > 0 ? DB_PER_NEPER * naturalLog(factor) : -Infinity
}

/** Decibels of a power (a mean square), 10 log10; -Infinity for 0 and below. */
export const decibelsOfPower = (power: number): number => decibelsOf(power) / 2
