import { listDevices } from './devices.ts'
import { makeSink } from './open.ts'
import type { SinkSpec } from './types.ts'

/**
 * Opens and closes the device that a sink names, so that a misspelt one is told before a jam sounds. One that is there
 * and only busy is fine: it is tried again while the jam goes on. Sinks that name no device are not touched.
 * @throws SINK_UNAVAILABLE with the devices that there are
 */
export async function checkDevice(spec: SinkSpec): Promise<void> {
  const card = spec.kind === 'both' ? spec.card : spec
  if ((card.kind !== 'speaker' && card.kind !== 'aplay') || card.device === undefined) return
  const sink = makeSink(card)
  try {
    await sink.open()
  } catch (error) {
    if ((await listDevices()).some(({ name }) => name === card.device)) return
    throw error
  }
  await sink.close()
}
