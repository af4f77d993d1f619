import { BothSink } from './both.ts'
import { RawSink, WavSink } from './file.ts'
import { NullSink } from './null.ts'
import { aplaySink, speakerSink } from './process.ts'
import { StreamSink } from './stream.ts'
import type { Sink, SinkSpec } from './types.ts'

/** The sink that a specification names, not yet open. */
export function makeSink(spec: SinkSpec): Sink {
  switch (spec.kind) {
    case 'wav':
      return new WavSink(spec.file)
    case 'raw':
      return spec.file === '-' ? new StreamSink(process.stdout) : new RawSink(spec.file)
    case 'null':
      return new NullSink()
    case 'speaker':
      return speakerSink(spec.device)
    case 'aplay':
      return aplaySink(spec.device)
    case 'both':
      return new BothSink(makeSink(spec.card), makeSink(spec.file))
  }
}

/** The sinks that a specification names, for who feeds each on its own: a card that is late holds up no file. */
export const makeSinks = (spec: SinkSpec): Sink[] =>
  spec.kind === 'both' ? [...makeSinks(spec.file), ...makeSinks(spec.card)] : [makeSink(spec)]
