import { makeSink, parseSink, type Sink } from '../sink/index.ts'
import { replay, type Replayed, type ReplayInit } from './replay.ts'

/** Renders a score and plays it through a sink as it goes; the sink's own pace holds the rendering back. */
export async function playReplay(init: Omit<ReplayInit, 'out'>, sinkText: string): Promise<Replayed> {
  const sink: Sink = makeSink(parseSink(sinkText))
  await sink.open()
  try {
    return await replay({
      ...init,
      async onSamples(samples, at) {
        await sink.write(samples)
        await init.onSamples?.(samples, at)
      },
    })
  } finally {
    await sink.close()
  }
}
