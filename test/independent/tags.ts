import type { Tag } from './score.ts'

/** Tags in the order in which they become visible, for each pattern that was opened. */
export class Tags {
  private readonly all: Tag[]
  private readonly opened = new Map<string, Tag[]>()

  constructor(tags: readonly Tag[]) {
    this.all = [...tags]
  }
  set(tag: Tag): void {
    const lists = [...this.opened].filter(([pattern]) => matches(pattern, tag.path)).map(([, list]) => list)
    for (const list of [this.all, ...lists]) list.splice(list.findLastIndex((t) => t.frame <= tag.frame) + 1, 0, tag)
  }
  open(pattern: string): readonly Tag[] {
    const list = this.opened.get(pattern) ?? this.all.filter(({ path }) => matches(pattern, path))
    this.opened.set(pattern, list)
    return list
  }
  /** Frames after `frame` at which what it finds changes. */
  after(pattern: string, frame: number): number[] {
    const list = this.open(pattern)
    return list.slice(list.findLastIndex((tag) => tag.frame <= frame) + 1).map((tag) => tag.frame)
  }
}
function matches(pattern: string, path: string): boolean {
  const [wanted, parts] = [pattern.split('/'), path.split('/')]
  if (wanted.length === 1) return parts[0] !== 'jam' && parts.at(-1) === pattern
  return wanted.length === parts.length && wanted.every((part, i) => part === '*' || part === parts[i])
}
