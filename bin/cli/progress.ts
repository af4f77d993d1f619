import { Presets, SingleBar } from 'cli-progress'

/** Shows how far long work is, on a terminal's standard error only. */
export interface Progress {
  update(done: number, total: number): void
  stop(): void
}

export function progressBar(what: string): Progress {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined }
  const bar = new SingleBar(
    {
      format: `${what} {bar} {percentage} %  {eta_formatted} left`,
      stream: process.stderr,
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
