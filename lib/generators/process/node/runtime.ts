import { ownThread } from '../../../base/node/thread-id.ts'
import { wasmRuntime, type VoiceRuntime, type VoiceSettings } from '../../runtime.ts'
import type { PreparedGenerator } from '../../prepare.ts'
import type { Voice } from '../../types.ts'
import type { PreparedProcess } from '../types.ts'
import { ProcessVoice } from '../voice.ts'
import type { ProcessLink } from './host.ts'
import { ServingPort } from './serving-port.ts'

/** Every kind of generator, for the calling thread; processes are served by whoever has the other end of the link. */
export function runtimeWith(link: ProcessLink): VoiceRuntime {
  const port = new ServingPort(link)
  const thread = ownThread()
  const startProcess = (prepared: PreparedProcess, settings: VoiceSettings): Voice => {
    const { identity } = settings
    if (!identity) throw new Error('a process is to be told which instance it is')
    return new ProcessVoice({ prepared, settings, identity, post: port.post, pace: link.pace, thread })
  }
  return {
    start: (prepared: PreparedGenerator, settings) =>
      prepared.runtime === 'process' ? startProcess(prepared, settings) : wasmRuntime.start(prepared, settings),
    rest: () => void port.clear(),
  }
}
