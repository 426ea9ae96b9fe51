// From an answer's JSON to the elements that show it.

/** An element with text or elements inside; strings become text nodes, never HTML. */
export function element(tag, attributes, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children.filter(child => child !== null))
  return made
}

export function renderProblem(detail) {
  return [element('p', { class: 'problem' }, detail ?? 'whohad answered something that this page cannot read.')]
}

/** What `fetch`, or reading its reply, failed with. */
export const renderSilence = ({ message }) =>
  renderProblem(`whohad did not answer (${message}). Is it still running? Ask again.`)

/** `url` is where a browser has the same by itself; without one, as where a key is needed, the JSON stands here. */
export function renderAnswer(answer, url) {
  return [
    element(
      'div',
      { class: `verdict ${answer.state}` },
      element(
        'p',
        { class: 'state' },
        element('strong', { class: 'badge' }, answer.state),
        element('span', { class: 'reason' }, answer.reason.replaceAll('-', ' ')),
      ),
      element('p', { class: 'summary' }, answer.summary),
      element('p', { class: 'standing' }, standing(answer)),
    ),
    answer.holding && section('Owner', ownerTable(answer.holding)),
    answer.holding && section('When', windowTable(answer.holding)),
    answer.split && section(titleOf('Parts', answer.split.parts, answer.split.total), splitTable(answer.split.parts)),
    answer.candidates.length > 0
      ? section(titleOf('Candidates', answer.candidates, answer.candidatesTotal), candidateTable(answer.candidates))
      : null,
    answer.under.length > 0
      ? section(titleOf('Underneath', answer.under, answer.underTotal), holdingTable(answer.under))
      : null,
    answer.service && section('Published service', holdingTable([answer.service])),
    url === undefined
      ? element(
          'details',
          { class: 'raw' },
          element('summary', {}, 'This answer as JSON'),
          element('pre', {}, JSON.stringify(answer, null, 2)),
        )
      : element('p', { class: 'raw' }, element('a', { href: url }, 'This answer as JSON')),
  ].filter(part => part !== null)
}

function standing({ question, final, watermark }) {
  const seen = watermark === null ? 'No poll has completed yet.' : `Polls are complete up to ${utc(watermark)}.`
  const stand = `${final ? 'Final: no later poll can change this.' : 'Not final: a later poll may change this.'} ${seen}`
  return question.asOf === null ? stand : `As it was known at ${utc(question.asOf)}. Then: ${stand}`
}

/** A long list is cut; then its title says how long it is. */
export function titleOf(name, shown, total) {
  return total > shown.length ? `${name}: the first ${shown.length} of ${total}` : name
}

export function section(title, content) {
  return element('section', {}, element('h2', {}, title), content)
}

function ownerTable({ owner, layer, prefix, source, evidence, claimId }) {
  const { placement } = owner
  const labels = Object.entries(owner.labels).map(([key, value]) => `${key}=${value}`)
  return factTable([
    ['Application', owner.application ?? 'no name known'],
    ['Cluster', owner.cluster],
    ['Stack', owner.stack],
    ['Detail', owner.detail],
    ['Team', owner.team],
    ['Resource', `${words(owner.kind)} ${owner.resourceId}`],
    ['Account', placement.account],
    ['Zone', placement.zone ?? placement.region],
    ['VPC', placement.vpc],
    ['Subnet', placement.subnet],
    ['Interface', placement.eni],
    ['Host', placement.host],
    ['Labels', labels.join(', ')],
    ['Forwards', owner.forwards ? 'yes: it carries packets of others' : null],
    ['Named by', owner.namedBy],
    ['Matched', `${prefix}, ${layer} layer`],
    ['Source', `${source}, ${words(evidence)}`],
    ['Claim', claimId],
  ])
}

/** The claim's two windows, and the span between them that is certain. */
function windowTable({ start, end, lastSighting }) {
  return factTable([
    ['Taken', between(start, 'before anyone looked')],
    ['Certain', certain(start.latest, end)],
    ['Given up', end.latest === null ? 'no end seen' : between(end, 'at an unknown time')],
    ['Last seen', lastSighting && utc(lastSighting)],
  ])
}

/** While no end has been seen, a claim stays certain as far as its source's polls are complete. */
function certain(from, end) {
  if (from === null) return 'as far as polls go'
  if (end.latest === null) return `from ${utc(from)} on, as far as polls are complete`
  return end.earliest === null || end.earliest.ms <= from.ms
    ? 'at no instant'
    : `from ${utc(from)} until ${utc(end.earliest)}`
}

function between({ earliest, latest }, unbounded) {
  if (earliest === null && latest === null) return unbounded
  if (earliest?.ms === latest?.ms) return utc(latest)
  if (earliest === null) return `by ${utc(latest)}`
  if (latest === null) return `after ${utc(earliest)}`
  return `between ${utc(earliest)} and ${utc(latest)}`
}

/** Rows of a name and a value; a value that is not known has no row. */
function factTable(facts) {
  const rows = facts
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, value)))
  return element('table', { class: 'facts' }, element('tbody', {}, ...rows))
}

function splitTable(parts) {
  const rows = parts.map(({ during, state, reason, holding }) => [
    spanText(during),
    `${state}: ${words(reason)}`,
    ...(holding === null ? ['–', '–'] : who(holding)),
  ])
  return listTable(['During', 'Answer', 'Who', 'Resource'], rows)
}

function candidateTable(candidates) {
  const rows = candidates.map(({ holding, during }) => [...who(holding), spanText(during), holding?.source ?? '–'])
  return listTable(['Who', 'Resource', 'Possible during', 'Source'], rows)
}

function holdingTable(holdings) {
  const rows = holdings.map(holding => [holding.layer, ...who(holding), holding.prefix, holding.source])
  return listTable(['Layer', 'Who', 'Resource', 'Prefix', 'Source'], rows)
}

function who(holding) {
  if (holding === null) return ['nobody', '–']
  const { application, kind, resourceId } = holding.owner
  return [application ?? 'no name known', `${words(kind)} ${resourceId}`]
}

/** On a narrow screen each row becomes a card, whose cells then need their column's name. */
export function listTable(columns, rows) {
  const head = element('tr', {}, ...columns.map(name => element('th', { scope: 'col' }, name)))
  const body = rows.map(cells =>
    element('tr', {}, ...cells.map((cell, i) => element('td', { 'data-column': columns[i] }, cell))),
  )
  return element('table', { class: 'list' }, element('thead', {}, head), element('tbody', {}, ...body))
}

function spanText({ from, until }) {
  if (from !== null && until !== null && until.ms - from.ms <= 1) return utc(from)
  return `${utcOr(from, 'the beginning')} to ${utcOr(until, 'no end')}`
}

const words = text => text.replaceAll(/[-_]/g, ' ')

const utcOr = (instant, otherwise) => (instant === null ? otherwise : utc(instant))

/** 2026-11-20 14:05:00 UTC, with milliseconds only where there are any. */
export const utc = ({ iso }) => `${iso.replace('T', ' ').replace('.000Z', '').replace('Z', '')} UTC`
