/** Of those whose owner has the most, the one that came first; where all have one each, the first of all. Undefined for none. */
export function oldestOfBusiest<T>(inOrder: Iterable<T>, ownerOf: (item: T) => string): T | undefined {
  const items = [...inOrder]
  const counts = new Map<string, number>()
  for (const item of items) counts.set(ownerOf(item), (counts.get(ownerOf(item)) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return items.find((item) => counts.get(ownerOf(item)) === most)
}
