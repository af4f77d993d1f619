import { utf8, type BlobId } from '../base/index.ts'
import type { InstancePath, InstanceSpec } from '../jam/index.ts'
import type { MixSetting, MixTarget, Renderer } from '../mix/index.ts'

/** What a player would have otherwise, before the first frame: a what-if is never the score, nor a take. */
export interface WhatIf {
  readonly mix: readonly { readonly target: MixTarget; readonly setting: MixSetting }[]
  /** Another archive for an instance; its parameters are told by name, its place and its tags' paths stay. */
  readonly replace: readonly { readonly path: InstancePath; readonly archive: BlobId }[]
}

/** Puts the settings of a what-if into a fresh renderer. */
export function applyMix({ mix }: WhatIf, renderer: Renderer): void {
  for (const { target, setting } of mix) renderer.setMix(target, setting)
}

/** What starts in place of what the jam asks for. The seed follows the archive, as ever. */
export function recasting({ replace }: WhatIf): (spec: InstanceSpec) => InstanceSpec {
  const archives = new Map(replace.map(({ path, archive }) => [path, archive]))
  return (spec) => {
    const archive = archives.get(spec.path)
    return archive === undefined ? spec : { ...spec, archive }
  }
}

/** What a what-if is called by: text over what it changes and its changes, to be hashed. */
export const whatIfText = (of: string, { mix, replace }: WhatIf): Uint8Array =>
  utf8(`marmalade/1 what-if\0${of}\0${JSON.stringify({ mix, replace })}`)
