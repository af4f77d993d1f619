/** Faults that are remembered as told. */
const MAX_TOLD = 1_024

/** Who is told of what failed after a change was written, and of what cannot be read and was passed over. */
export interface Told {
  readonly onFault: (error: unknown) => void
}

/**
 * Work that tidies up after a change was written and told: it stands, whatever becomes of this. What fails is told, and
 * tried again with a later write to the feed.
 */
export async function afterwards({ onFault }: Told, tidy: () => Promise<unknown>): Promise<void> {
  try {
    await tidy()
  } catch (error) {
    onFault(error)
  }
}

/** Tells each fault once, by its message: what is damaged is met at every reading. Of many, the latest are remembered. */
export function toldOnce(onFault: Told['onFault']): Told['onFault'] {
  const told = new Set<string>()
  return (error) => {
    const name = error instanceof Error ? error.message : String(error)
    if (told.has(name)) return
    told.add(name)
    const [oldest] = told
    if (told.size > MAX_TOLD && oldest !== undefined) told.delete(oldest)
    onFault(error)
  }
}
