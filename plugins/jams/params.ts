import { MarmaladeError, type BlobId, type PlayerId } from '../../lib/base/index.ts'
import { BUS_NAMES, isMixParam } from '../../lib/jam/index.ts'
import type { GeneratorsApi } from '../generators/index.ts'

/** Whose instance it is, what it is called, and the archive that plays it. */
interface Played {
  readonly player: PlayerId
  readonly name: string
  readonly archive: BlobId
}

/**
 * Holds what is asked of parameters to what the generator's publication says of them, so that a slip of the fingers is told and not
 * published: an engine passes over an unknown name, and clamps a value.
 * @throws PARAM_INVALID
 */
export async function checkParams(
  generators: Pick<GeneratorsApi, 'paramsOf'>,
  { player, name, archive }: Played,
  settings: Readonly<Record<string, number>>,
): Promise<void> {
  const params = await generators.paramsOf(player, archive)
  if (params === undefined) return
  for (const [given, value] of Object.entries(settings)) {
    const param = params.find((known) => known.name === given)
    if (!param && !isMixParam(given)) {
      const all = new Set([...params.map((known) => known.name), 'gain', 'pan', ...BUS_NAMES])
      throw new MarmaladeError('PARAM_INVALID', `${name} has no parameter ${given}: it has ${[...all].join(' ')}`)
    }
    const { min = -Infinity, max = Infinity } = param ?? {}
    if (value < min || value > max)
      throw new MarmaladeError('PARAM_INVALID', `${given} of ${name} is ${min} to ${max}, not ${value}`)
  }
}
