import { parseXml, XmlElement, type XmlNode } from '@rgrove/parse-xml'

/** An SVG that parsed as XML, with its elements in the order of the document. */
export interface ReadSvg {
  readonly elements: readonly XmlElement[]
  /** What is written in it, element by element, and what its titles say. */
  readonly texts: readonly string[]
  readonly titles: readonly string[]
}

/** Reads an SVG strictly. @throws where it is no well-formed XML, or not an SVG that stands for itself alone */
export function readSvg(svg: string): ReadSvg {
  const { root } = parseXml(svg)
  if (root?.name !== 'svg') throw new Error(`it begins with ${root?.name ?? 'nothing'}`)
  const elements = [...allIn(root)]
  for (const { name, attributes, text } of elements) {
    if (!KNOWN.has(name)) throw new Error(`it holds <${name}>`)
    for (const [key, value] of Object.entries(attributes)) {
      if (/^on|href|src/i.test(key)) throw new Error(`<${name}> has ${key}`)
      if (/url\((?!#)|javascript|data:/i.test(value) || (key !== 'xmlns' && value.includes('//')))
        throw new Error(`<${name} ${key}> leads elsewhere: ${value}`)
      if (/NaN|Infinity|undefined/.test(value)) throw new Error(`<${name} ${key}> is no figure: ${value}`)
    }
    if (name === 'style' && /@import|url\(|<\//.test(text)) throw new Error('the style leads elsewhere')
  }
  const saying = (name: string): string[] => elements.filter((it) => it.name === name).map(({ text }) => text)
  return { elements, texts: saying('text'), titles: saying('title') }
}

const KNOWN = new Set([
  'svg',
  'title',
  'style',
  'defs',
  'pattern',
  'g',
  'rect',
  'line',
  'circle',
  'path',
  'text',
  'tspan',
])

function* allIn(element: XmlElement): Generator<XmlElement> {
  yield element
  for (const child of element.children) if (isElement(child)) yield* allIn(child)
}

const isElement = (node: XmlNode): node is XmlElement => node instanceof XmlElement
