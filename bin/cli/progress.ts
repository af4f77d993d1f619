import { Presets, SingleBar } from 'cli-progress'

/** Shows how far long work is, on a terminal only. */
export interface Progress {
  update(done: number, total: number): void
  stop(): void
}

type Screen = Pick<NodeJS.WriteStream, 'isTTY'> & NodeJS.WritableStream

/** @param stream standard error where it is left out */
export function progressBar(what: string, stream: Screen = process.stderr): Progress {
  if (!stream.isTTY) return { update: () => undefined, stop: () => undefined }
  const bar = new SingleBar(
    {
      format: `${what} {bar} {percentage} %  {eta_formatted} left`,
      stream,
      hideCursor: true,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  )
  let started = false
  return {
    update(done, total) {
      if (started) bar.update(done)
      else bar.start(total, done)
      started = true
    },
    stop() {
      if (started) bar.stop()
    },
  }
}
