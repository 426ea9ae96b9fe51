/** Text of an element. Attributes are in pixels, unless they name a class. */
export type Attributes = Readonly<Record<string, string | number>>

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

export const element = (name: string, attributes: Attributes, content = ''): string => {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escaped(typeof value === 'number' ? String(Number(value.toFixed(1))) : value)}"`,
  )
  return content === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${content}</${name}>`
}

export const text = (x: number, y: number, words: string, attributes: Attributes = {}): string =>
  element('text', { x, y, ...attributes }, escaped(words))

export const line = (x1: number, y1: number, x2: number, y2: number, of: string): string =>
  element('line', { x1, y1, x2, y2, class: of })

/**
 * Colours of a set that people with colour blindness can tell apart (Okabe and Ito), darker on light paper and lighter on
 * dark; shapes and dashes tell the same once more.
 */
const STYLE = `
  svg { --paper: #ffffff; --ink: #1f2328; --faint: #d0d7de; --muted: #59636e;
    --a: #0072b2; --b: #d55e00; --c: #009e73; --d: #cc79a7; --e: #8a6d00; --f: #6e7781 }
  @media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #f0f6fc; --faint: #30363d; --muted: #9198a1;
    --a: #56b4e9; --b: #ff8c42; --c: #3fc79a; --d: #e8a0c8; --e: #f0e442; --f: #8b949e } }
  text { font: 13px system-ui, sans-serif; fill: var(--ink) }
  .title { font-size: 16px; font-weight: 600 }
  .small { font-size: 12px; fill: var(--muted) }
  .end { text-anchor: end } .middle { text-anchor: middle }
  .paper { fill: var(--paper) } .grid { stroke: var(--faint) } .axis { stroke: var(--muted) }
  .a { --of: var(--a) } .b { --of: var(--b) } .c { --of: var(--c) } .d { --of: var(--d) } .e { --of: var(--e) } .f { --of: var(--f) }
  .fill { fill: var(--of) } .stroke { fill: none; stroke: var(--of); stroke-width: 2 } .dashed { stroke-dasharray: 6 5 }
  .hollow { fill: var(--paper); stroke: var(--of); stroke-width: 2 }`

export const svg = (width: number, height: number, title: string, content: readonly string[]): string =>
  `${element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img' },
    [
      element('title', {}, escaped(title)),
      element('style', {}, STYLE),
      element('rect', { width, height, class: 'paper' }),
      text(16, 28, title, { class: 'title' }),
      ...content,
    ].join('\n'),
  )}\n`

/** Colour and shape together, in the order in which they are given out. */
export const MARKS = ['a', 'b', 'c', 'd', 'e', 'f'] as const
export type Mark = (typeof MARKS)[number]

const polygon = (of: Mark, points: readonly (readonly [number, number])[]): string =>
  element('polygon', { points: points.map(point => point.join(',')).join(' '), class: `${of} fill` })

/** A point of a series: circle, square, triangle, diamond, ring. */
export function mark(of: Mark, x: number, y: number): string {
  const [left, right, top, bottom] = [x - 5, x + 5, y - 5, y + 5].map(value => Number(value.toFixed(1))) as [
    number,
    number,
    number,
    number,
  ]
  switch (of) {
    case 'a':
      return element('circle', { cx: x, cy: y, r: 4.5, class: 'a fill' })
    case 'b':
      return element('rect', { x: x - 4, y: y - 4, width: 8, height: 8, class: 'b fill' })
    case 'c':
      return polygon('c', [
        [left, bottom],
        [right, bottom],
        [x, top],
      ])
    case 'd':
      return polygon('d', [
        [x, top],
        [right, y],
        [x, bottom],
        [left, y],
      ])
    case 'e':
    case 'f':
      return element('circle', { cx: x, cy: y, r: 4, class: `${of} hollow` })
  }
}
