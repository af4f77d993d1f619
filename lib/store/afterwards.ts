/** Who is told of what failed after a change was written. */
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
