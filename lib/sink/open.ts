import { BothSink } from './both.ts'
import { RawSink, WavSink } from './file.ts'
import { NullSink } from './null.ts'
import { aplaySink, speakerSink } from './process.ts'
import type { Sink, SinkSpec } from './types.ts'

/** The sink that a specification names, not yet open. */
export function makeSink(spec: SinkSpec): Sink {
  switch (spec.kind) {
    case 'wav':
      return new WavSink(spec.file)
    case 'raw':
      return new RawSink(spec.file)
    case 'null':
      return new NullSink()
    case 'speaker':
      return speakerSink(spec.device)
    case 'both':
      return new BothSink(makeSink(spec.card), makeSink(spec.file))
    case 'aplay':
      return aplaySink(spec.device)
  }
}
