import { z } from 'zod'
import { async_, defineContract, reaches } from './contract.ts'
import type { Role } from './types.ts'
import { tree } from './wire/serving.ts'
import type { MethodTable } from './wire/registered.ts'
import { systemContract } from './wire/session.ts'

const kind = z.string().min(1)

/** What the host itself answers. */
export const hostContract = defineContract({
  /** The methods that the caller may call, as muxrpc's clients take them: names to `async`, `source` or `duplex`. */
  manifest: async_({ result: z.record(z.string(), z.union([kind, z.record(z.string(), kind)])), allow: 'stranger' }),
})

/** The manifest as a caller of this role sees it. */
export function manifestFor(table: MethodTable, role: Role): Record<string, string | Record<string, string>> {
  const visible = new Map([...table].filter(([, { method }]) => reaches(role, method.allow)))
  const system = Object.entries(systemContract).map(([name, method]) => [name, method.kind])
  return { ...tree(visible, ({ method }) => method.kind), ...(Object.fromEntries(system) as Record<string, string>) }
}
