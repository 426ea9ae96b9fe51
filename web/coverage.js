// The coverage page: asks /v1/coverage and draws its windows. Everything is put in as text or as shapes, never as HTML.

import { element, listTable, renderProblem, renderSilence, section, titleOf, utc } from './answer.js'
import { keyForm, keyHeaders, showKey } from './key.js'

const answer = document.getElementById('answer')
const withKey = document.getElementById('with-key')

/** So many windows of a kind are named one by one, the newest; all of them are drawn. */
const MOST_NAMED = 20
const STRIP = { width: 1000, height: 18 }
/** In a strip's units: what is narrower could not be seen. */
const LEAST_WIDTH = 2

/** Shows what the page's own address asks for: it can be shared, and the form just leads to it. */
async function show() {
  const asked = new URLSearchParams([...new URLSearchParams(location.search)].filter(([, value]) => value !== ''))
  for (const name of ['domain', 'from', 'to']) document.getElementById(name).value = asked.get(name) ?? ''
  document.getElementById('nodata').checked = asked.get('nodata') === 'true'
  showKey(withKey)
  try {
    const response = await fetch(`v1/coverage?${asked}`, { headers: { accept: 'application/json', ...keyHeaders() } })
    const body = await response.json()
    if (response.status === 401) return askForKey()
    answer.replaceChildren(...(response.ok ? rendered(body) : renderProblem(body.detail)))
  } catch (error) {
    answer.replaceChildren(...renderSilence(error))
  } finally {
    answer.setAttribute('aria-busy', 'false')
  }
}

function askForKey() {
  const { parts, focus } = keyForm(show)
  answer.replaceChildren(...parts)
  showKey(withKey)
  focus()
}

function rendered({ during, sources, captureGaps }) {
  return [
    element('p', { class: 'standing' }, `From ${utc(during.from)} until ${utc(during.until)}.`),
    ...(sources.length > 0 ? sources.map(source => sourceSection(source, during)) : [none('No source watches this.')]),
    flowLogSection(captureGaps, during),
  ]
}

const none = text => element('p', { class: 'standing' }, text)

function sourceSection(source, during) {
  const { intervals, gaps, scope } = source
  const domains = [...new Set(scope.map(({ domain }) => domain))].join(', ')
  const words = `Polls stood close together over ${share(intervals, during)} of the time (green).`
  const parts = [
    element(
      'p',
      { class: 'standing' },
      `Watches ${domains || 'nothing that you may read'}. ${stateWords(source)} ${words}`,
    ),
    strip(words, during, [
      ['covered', intervals],
      ['missing', gaps],
    ]),
  ]
  if (gaps.length > 0)
    parts.push(namedWindows('Where its polls do not tell of absence', gaps, ['From', 'Until'], bounds))
  return section(source.source, element('div', {}, ...parts))
}

function stateWords({ watermark, late, refused, validity }) {
  if (validity.until !== null) return `Removed as of ${utc(validity.until)}.`
  const known =
    watermark === null ? 'No poll was complete yet.' : `Known up to ${utc(watermark)}${late ? ', and late' : ''}.`
  return refused === null ? known : `${known} The last poll was refused: ${refused.reason.replaceAll('-', ' ')}.`
}

const LOST = { SKIPDATA: 'AWS lost records (SKIPDATA)', NODATA: 'no traffic (NODATA)' }

/** Each interface has a strip of its own, as its gaps say nothing of the others. */
function flowLogSection(captureGaps, during) {
  const title = 'Flow logs'
  if (captureGaps === null) return section(title, none('The store cannot tell of gaps in flow logs now.'))
  if (captureGaps.length === 0) return section(title, none('Flow logs tell of no records that are missing.'))
  const byInterface = new Map()
  for (const gap of captureGaps) {
    const name = gap.interface || 'an interface that is not told'
    byInterface.set(name, [...(byInterface.get(name) ?? []), gap])
  }
  const strips = [...byInterface].slice(0, MOST_NAMED).map(([name, gaps]) => {
    const of = status => gaps.filter(gap => gap.status === status).map(gap => gap.during)
    const [lost, quiet] = [of('SKIPDATA'), of('NODATA')]
    const words = [
      lost.length > 0 ? `${LOST.SKIPDATA}: ${times(lost)}` : '',
      quiet.length > 0 ? `${LOST.NODATA}: ${times(quiet)}` : '',
    ].filter(Boolean)
    const drawn = [
      ['quiet', quiet],
      ['lost', lost],
    ]
    return element(
      'div',
      {},
      element('p', { class: 'standing' }, `${name}. ${words.join('; ')}.`),
      strip(name, during, drawn),
    )
  })
  const rest = byInterface.size - strips.length
  if (rest > 0) strips.push(none(`And ${rest} more interfaces.`))
  const columns = ['Interface', 'Domains', 'From', 'Until', 'What']
  const cells = gap => [
    gap.interface || 'not told',
    gap.domains.join(', ') || 'not known',
    ...bounds(gap.during),
    LOST[gap.status],
  ]
  return section(
    title,
    element('div', {}, ...strips, namedWindows('Where flow logs have no records', captureGaps, columns, cells)),
  )
}

const times = ({ length }) => (length === 1 ? 'once' : `${length} times`)

const bounds = ({ from, until }) => [utc(from), utc(until)]

function namedWindows(title, windows, columns, cells) {
  const newest = [...windows].sort((a, b) => untilOf(b) - untilOf(a)).slice(0, MOST_NAMED)
  const summary = element('summary', {}, titleOf(title, newest, windows.length))
  return element('details', { class: 'raw' }, summary, listTable(columns, newest.map(cells)))
}

const untilOf = one => (one.during ?? one).until.ms

/** Windows as windows, from the left end of the span to its right one. */
function strip(words, during, kinds) {
  const [fromMs, lengthMs] = [during.from.ms, during.until.ms - during.from.ms]
  const { width, height } = STRIP
  const drawn = shape('svg', {
    class: 'strip',
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: 'none',
    role: 'img',
  })
  drawn.setAttribute('aria-label', words)
  for (const [kind, windows] of kinds) {
    for (const { from, until } of windows) {
      // A gap may begin before the span.
      const x = (Math.max(0, from.ms - fromMs) / lengthMs) * width
      const end = (Math.min(lengthMs, until.ms - fromMs) / lengthMs) * width
      const rect = shape('rect', { class: kind, x, y: 0, width: Math.max(LEAST_WIDTH, end - x), height })
      rect.append(shape('title', {}, `${utc(from)} to ${utc(until)}`))
      drawn.append(rect)
    }
  }
  return drawn
}

function shape(tag, attributes, text = '') {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(text)
  return made
}

/** Less than all of it is never shown as all of it. */
function share(intervals, during) {
  const coveredMs = intervals.reduce((sum, { from, until }) => sum + until.ms - from.ms, 0)
  const part = coveredMs / (during.until.ms - during.from.ms)
  return part < 1 ? `${(Math.floor(part * 1000) / 10).toFixed(1)} %` : 'all'
}

show()
