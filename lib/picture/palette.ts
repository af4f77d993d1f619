/** Of each player in turn: distinct on paper and on a screen, none louder than another; after the last the first again. */
const HUES = [
  '#2f6690',
  '#c1553b',
  '#4f7f52',
  '#8a5083',
  '#b07d12',
  '#2f7f80',
  '#6b62a8',
  '#a63a56',
  '#6d7345',
  '#4d6079',
  '#b4607a',
  '#80573a',
] as const

export const INK = '#23211e'
/** Second to the ink: figures, captions. */
export const SOFT = '#76706a'
export const LINE = '#d9d3c8'
export const FAINT = '#e9e4da'
export const PAPER = '#fbf9f4'
/** Behind every second section. */
export const SHADE = '#f3efe6'

/** The hue of the nth player; the ink of what is nobody's, or several players'. */
export const hueOf = (nth: number): string => (nth < 0 ? INK : (HUES[nth % HUES.length] ?? INK))

/** System fonts alone: nothing is fetched. */
const SANS = `"Avenir Next", "Helvetica Neue", Inter, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif`
const MONO = `ui-monospace, "SF Mono", Menlo, Consolas, "Noto Sans Mono", "DejaVu Sans Mono", monospace`

/** Every class that the drawing uses. */
export const STYLE = `
text{font-family:${SANS};font-size:12px;fill:${INK}}
.title{font-size:54px;font-weight:700;letter-spacing:-1px}
.facts{font-size:17px;fill:${SOFT}}
.player{font-size:17px;font-weight:600}
.brought{font-size:14px;font-weight:400;fill:${SOFT}}
.panel{font-size:15px;font-weight:600}
.track{font-size:14px;font-weight:600;text-anchor:end}
.side{font-size:12px;fill:${SOFT};text-anchor:end}
.section{font-size:11px;font-weight:600;letter-spacing:1.5px;fill:${SOFT}}
.bar{font-size:11px;fill:${SOFT};text-anchor:middle}
.tempo{font-size:11px;font-weight:600}
.who{font-size:11px;font-weight:600;fill:inherit;stroke:${PAPER};stroke-width:3px;stroke-linejoin:round;paint-order:stroke}
.value{font-size:11px}
.said{font-size:12px;font-style:italic}
.small{font-size:12px;fill:${SOFT}}
.hash{font-family:${MONO};font-size:11px;fill:${SOFT}}
.line{stroke:${LINE};stroke-width:1}
.faint{stroke:${FAINT};stroke-width:1}
.body{fill-opacity:.09;stroke-opacity:.28}
.late{fill-opacity:.9}
.peak{fill-opacity:.38}
.rms{fill-opacity:.9}
.tail{fill-opacity:.3}
.ramp{fill:none;stroke-opacity:.75;stroke-width:1.2}
.gone{fill:none;stroke-width:1.2;stroke-dasharray:4 3;stroke-opacity:.8}
.step{fill:none;stroke:${INK};stroke-width:1.2;stroke-linejoin:round}
`
