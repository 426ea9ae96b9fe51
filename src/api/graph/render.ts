import { csvRow } from '../bulk/csv.ts'
import type { Edge, Graph, Node } from './graph.ts'

/** What a node is called: its name, or what it is where it has none. */
export function titleOf({ state, name, id, isMiddle }: Node): string {
  if (isMiddle) return name ? `${name} (${id.slice('via:'.length)})` : id.slice('via:'.length)
  if (state === 'owned') return name || 'owned, unnamed'
  return state === 'external' ? name || 'internet' : state
}

const SUMS = ['flows', 'bytes', 'packets', 'rejectedFlows', 'rejectedBytes'] as const

export function csvOf({ nodes, edges }: Graph): string {
  const titles = titlesOf(nodes)
  const head = 'source,source_state,destination,destination_state,via,flows,bytes,packets,rejected_flows,rejected_bytes'
  const row = ({ source, destination, via, ...sums }: Edge): string =>
    csvRow([
      titles(source).title,
      titles(source).state,
      titles(destination).title,
      titles(destination).state,
      via ?? '',
      ...SUMS.map(sum => String(sums[sum])),
    ])
  return [head, ...edges.map(row)].map(line => `${line}\n`).join('')
}

/** GraphViz: dashed where an end is not owned or a sum is only a bound, red where all was rejected. */
export function dotOf({ nodes, edges }: Graph): string {
  const lines = nodes.map(node => {
    const style = node.state === 'owned' ? '' : ', style=dashed'
    return `  ${quoted(node.id)} [label=${quoted(titleOf(node))}${node.isMiddle ? ', shape=diamond' : ''}${style}];`
  })
  const arrows = edges.map(edge => {
    const color = edge.rejectedFlows === edge.flows ? ', color=red' : ''
    const style = edge.via === null ? '' : ', style=dashed'
    return `  ${quoted(edge.source)} -> ${quoted(edge.destination)} [label=${quoted(wordsOf(edge))}${color}${style}];`
  })
  return ['digraph whohad {', '  rankdir=LR;', '  node [shape=box];', ...lines, ...arrows, '}', ''].join('\n')
}

const quoted = (text: string): string => `"${plainText(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

export function mermaidOf({ nodes, edges }: Graph): string {
  const numbers = new Map(nodes.map(({ id }, i) => [id, `n${i}`]))
  const boxes = nodes.map(node => {
    const [open, close] = node.isMiddle ? ['{', '}'] : node.state === 'owned' ? ['[', ']'] : ['([', '])']
    return `  ${numbers.get(node.id)}${open}"${entities(titleOf(node))}"${close}`
  })
  const arrows = edges.map(edge => {
    const arrow = edge.via === null ? '-->' : '-.->'
    return `  ${numbers.get(edge.source)} ${arrow}|"${entities(wordsOf(edge))}"| ${numbers.get(edge.destination)}`
  })
  return ['flowchart LR', ...boxes, ...arrows, ''].join('\n')
}

/** Names come from tags: nothing of them is to be read as a part of the drawing. */
const entities = (text: string): string =>
  plainText(text).replace(/[^A-Za-z0-9 ._/@+=,:()-]/gu, character => `#${character.codePointAt(0)};`)

const plainText = (text: string): string => text.replace(/\p{Cc}/gu, ' ')

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

function wordsOf({ bytes, rejectedFlows, via }: Edge): string {
  let amount = bytes
  let unit = 0
  for (; amount >= 1000 && unit < UNITS.length - 1; unit++) amount /= 1000
  const size = `${unit === 0 ? amount : amount.toFixed(1)} ${UNITS[unit]}`
  return `${via === null ? '' : 'at most '}${size}${rejectedFlows > 0 ? `, ${rejectedFlows} rejected` : ''}`
}

function titlesOf(nodes: readonly Node[]) {
  const known = new Map(nodes.map(node => [node.id, { title: titleOf(node), state: node.state }]))
  return (id: string) => known.get(id) ?? { title: id, state: 'unknown' }
}
