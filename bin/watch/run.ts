import type { Remote } from '../../lib/host/index.ts'
import { hasCode, MarmaladeError } from '../../lib/base/index.ts'
import type { jamsContract } from '../../plugins/jams/index.ts'
import type { soundContract } from '../../plugins/sound/index.ts'
import type { watchContract, Watched } from '../../plugins/watch/index.ts'
import { Screen, type Line } from '../terminal/index.ts'
import { Acts } from './acts.ts'
import { Controls } from './controls.ts'
import { Model } from './model.ts'
import { Pick } from './pick.ts'
import { frameOf } from './view.ts'

/** Lamps go on no more often. */
const LAMP_MILLIS = 150

interface Remotes {
  readonly watch: Remote<typeof watchContract>
  readonly jams: Remote<typeof jamsContract>
  readonly sound: Remote<typeof soundContract>
}

/** The first of what a node tells of a jam: all of it. @throws what `watch.jam` throws */
export async function firstOf(watch: Remote<typeof watchContract>, jam: string | undefined): Promise<Watched> {
  for await (const watched of watch.watch.jam(named(jam))) return watched
  return {}
}

/** One frame as plain text. */
export function textOf(watched: Watched, columns: number, rows: number): string {
  const model = new Model(() => performance.now())
  model.fold(watched)
  const ui = { pick: new Pick(), view: 'jam', message: undefined, prompt: undefined } as const
  return frameOf(model, ui, columns, rows).lines.map(plainLine).join('\n')
}

const plainLine = (line: Line): string =>
  line
    .map((part) => (typeof part === 'string' ? part : part.text))
    .join('')
    .trimEnd()

/** Shows a jam on the terminal until the person has enough. @throws USAGE where there is none; NODE_NOT_RUNNING where the node ends; what `watch.jam` throws */
export async function runWatch({ watch, jams, sound }: Remotes, jam: string | undefined): Promise<void> {
  const model = new Model(() => performance.now())
  const pick = new Pick()
  const over = new AbortController()
  let lamp: NodeJS.Timeout | undefined
  const acts = new Acts({ model, jams, sound, jam })
  const controls: Controls = new Controls({ model, pick, acts, quit: () => screen.close(), changed: () => draw() })
  const draw = (): void => {
    const { lines, cursor } = frameOf(model, controls, screen.columns, screen.rows)
    screen.draw(lines, cursor)
    clearTimeout(lamp)
    const place = model.place()
    if (!place) return
    const left = (1 - (place.pulse % 1)) * place.pulseMillis
    lamp = setTimeout(draw, Math.max(LAMP_MILLIS, left + 1))
  }
  const screen: Screen = new Screen({ onKey: (key) => controls.press(key), onBlank: () => draw() })
  void screen.closed.then(() => over.abort())
  try {
    draw()
    for await (const watched of watch.watch.jam(named(jam), { signal: over.signal })) {
      model.fold(watched)
      draw()
    }
  } catch (error) {
    if (hasCode(error, 'CLOSED') || hasCode(error, 'CONNECTION_LOST'))
      throw new MarmaladeError('NODE_NOT_RUNNING', 'the node has ended: start one with `marmalade start --detach`')
    if (!(over.signal.aborted && hasCode(error, 'CANCELLED'))) throw error
  } finally {
    clearTimeout(lamp)
    controls.close()
    screen.close()
  }
}

const named = (jam: string | undefined): { jam?: string } => (jam === undefined ? {} : { jam })
