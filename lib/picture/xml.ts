declare const markup: unique symbol
/** Text that is XML already. */
export type Markup = string & { readonly [markup]: true }

type Value = string | number | undefined

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}
/** What no XML 1.0 document may hold, half characters among it. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu

const escaped = (text: string): string =>
  text.replace(FORBIDDEN, '').replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '')

/** Any text as XML text. */
export const text = (content: string): Markup => escaped(content) as Markup

/** A number with two decimals at most. */
export const figure = (value: number): number => Math.round(value * 100) / 100 + 0

/** An element; attributes that are undefined are left out. Names are the program's own and are not checked. */
export function element(
  name: string,
  attributes: Readonly<Record<string, Value>>,
  ...content: readonly (Markup | undefined)[]
): Markup {
  const said = Object.entries(attributes).map(([key, value]) =>
    value === undefined ? '' : ` ${key}="${typeof value === 'number' ? figure(value) : escaped(value)}"`,
  )
  const open = `<${name}${said.join('')}`
  const inner = content.filter((part) => part !== undefined).join('')
  return (inner === '' ? `${open}/>` : `${open}>${inner}</${name}>`) as Markup
}

export const joined = (parts: readonly Markup[]): Markup => parts.join('\n') as Markup
