/** How long a state may take to come about on a busy machine; what never comes fails the test. */
const PATIENCE_MILLIS = 15_000
/** The same where programs have to start first. */
const PROGRAM_MILLIS = 90_000
const LOOK_MILLIS = 25

/**
 * Looks again and again until what is seen is right, and gives it.
 * @throws Error with what was seen last, where it never is
 */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  right: (seen: T) => boolean = Boolean,
  patience = PATIENCE_MILLIS,
): Promise<T> {
  const deadline = performance.now() + patience
  for (;;) {
    const seen = await look()
    if (right(seen)) return seen
    if (performance.now() > deadline) throw new Error(`never came about: ${what}; last seen ${JSON.stringify(seen)}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MILLIS))
  }
}

/** `until`, of what programs do. */
export const eventually = <T>(what: string, look: () => Promise<T> | T, right?: (seen: T) => boolean): Promise<T> =>
  until(what, look, right, PROGRAM_MILLIS)
