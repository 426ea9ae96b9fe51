import type { Words } from '../../ownership/address.ts'
import { type Claim, layerRank, type Owner } from '../../ownership/claim.ts'
import { type PrefixBits, prefixBits, widthOf } from '../../ownership/prefix.ts'
import type { Cell, TableColumn } from '../parquet/table-writer.ts'
import { fromWire, toWire } from '../wire.ts'
import { type CellReader, cellReader, type Row } from './cells.ts'

const text = (name: string): TableColumn => ({ name, type: 'STRING' })
const whole = (name: string): TableColumn => ({ name, type: 'INT64' })

/**
 * A row for each owner of each claim, those of one claim one after another. Times are Unix milliseconds; a missing beginning
 * is "ever before", a missing end "ever after". docs/ownership-bundle.md says what each column means.
 */
export const CLAIM_COLUMNS: readonly TableColumn[] = [
  ...['claim_id', 'domain', 'prefix'].map(text),
  { name: 'family', type: 'INT32' },
  { name: 'prefix_length', type: 'INT32' },
  ...['first_address', 'last_address'].map(text),
  ...['first_ipv4', 'last_ipv4'].map(whole),
  { name: 'first_port', type: 'INT32' },
  { name: 'last_port', type: 'INT32' },
  text('layer'),
  { name: 'layer_rank', type: 'INT32' },
  text('source'),
  ...['epoch', 'sequence'].map(whole),
  text('lifetime_id'),
  ...['start_earliest_ms', 'start_latest_ms', 'end_earliest_ms', 'end_latest_ms', 'last_sighting_ms'].map(whole),
  ...['evidence', 'state', 'expects'].map(text),
  { name: 'whole', type: 'BOOLEAN' },
  { name: 'owner_number', type: 'INT32' },
  { name: 'owners', type: 'INT32' },
  ...['application', 'cluster', 'stack', 'detail', 'kind', 'resource_id', 'account', 'region', 'zone', 'vpc'].map(text),
  ...['subnet', 'eni', 'host', 'team', 'labels', 'named_by'].map(text),
  { name: 'forwards', type: 'BOOLEAN' },
]

type WireClaim = Omit<Claim, 'record' | 'start' | 'end'> & {
  readonly start: { readonly earliestMs: number | null; readonly latestMs: number | null }
  readonly end: { readonly earliestMs: number | null; readonly latestMs: number | null }
}

/** @throws RangeError where a number is not a whole one. */
export function* rowsOfClaim(claim: Claim): Generator<readonly Cell[]> {
  const wire = toWire(claim) as WireClaim // what `toWire` makes of a claim
  const bits = prefixBits(claim.prefix)
  const { first, last } = boundsOf(bits)
  const isIpv4 = bits.family === 4
  const own: readonly Cell[] = [
    claim.id,
    claim.domain,
    claim.prefix,
    bits.family,
    bits.length,
    sortable(first, isIpv4),
    sortable(last, isIpv4),
    isIpv4 ? first[0] : null,
    isIpv4 ? last[0] : null,
    claim.ports?.first ?? null,
    claim.ports?.last ?? null,
    claim.layer,
    layerRank(claim.layer),
    claim.source,
    claim.revision.epoch,
    claim.revision.sequence,
    claim.lifetimeId,
    wire.start.earliestMs,
    wire.start.latestMs,
    wire.end.earliestMs,
    wire.end.latestMs,
    claim.lastSightingMs,
    wire.evidence,
    claim.state,
    claim.expects.join(','),
    claim.whole,
  ]
  for (const [i, owner] of wire.owners.entries()) yield [...own, i, wire.owners.length, ...ownerCells(owner)]
}

const ownerCells = (owner: Owner): readonly Cell[] => [
  owner.application,
  owner.cluster,
  owner.stack,
  owner.detail,
  owner.kind,
  owner.resourceId,
  owner.account,
  owner.region,
  owner.zone,
  owner.vpc,
  owner.subnet,
  owner.eni,
  owner.host,
  owner.team,
  JSON.stringify(owner.labels),
  owner.namedBy,
  owner.forwards,
]

/** The claim that rows stand for: all of its rows. @throws RangeError where they do not go together or mean nothing. */
export function claimOfRows(rows: readonly Row[]): Claim {
  const [first] = rows
  if (first === undefined) throw new RangeError('a claim without a row')
  const cells = cellReader(first)
  const owners = rows.map((row, i) => {
    const cell = cellReader(row)
    if (cell.whole('owner_number') !== i || cell.whole('owners') !== rows.length) {
      throw new RangeError(`the owners of claim ${cells.text('claim_id')} are not one after another`)
    }
    return ownerOf(cell)
  })
  const firstPort = cells.wholeOrNull('first_port')
  const expects = cells.text('expects')
  return fromWire('claim', {
    id: cells.text('claim_id'),
    revision: { epoch: cells.whole('epoch'), sequence: cells.whole('sequence') },
    domain: cells.text('domain'),
    prefix: cells.text('prefix'),
    ports: firstPort === null ? null : { first: firstPort, last: cells.whole('last_port') },
    layer: cells.text('layer'),
    source: cells.text('source'),
    owners,
    lifetimeId: cells.textOrNull('lifetime_id'),
    start: { earliestMs: cells.wholeOrNull('start_earliest_ms'), latestMs: cells.wholeOrNull('start_latest_ms') },
    end: { earliestMs: cells.wholeOrNull('end_earliest_ms'), latestMs: cells.wholeOrNull('end_latest_ms') },
    lastSightingMs: cells.whole('last_sighting_ms'),
    evidence: cells.text('evidence'),
    state: cells.text('state'),
    expects: expects === '' ? [] : expects.split(','),
    whole: cells.flag('whole'),
  }) as Claim // what `fromWire` makes of a claim
}

const ownerOf = (cell: CellReader): Owner => ({
  application: cell.textOrNull('application'),
  cluster: cell.textOrNull('cluster'),
  stack: cell.textOrNull('stack'),
  detail: cell.textOrNull('detail'),
  kind: cell.text('kind'),
  resourceId: cell.text('resource_id'),
  account: cell.textOrNull('account'),
  region: cell.textOrNull('region'),
  zone: cell.textOrNull('zone'),
  vpc: cell.textOrNull('vpc'),
  subnet: cell.textOrNull('subnet'),
  eni: cell.textOrNull('eni'),
  host: cell.textOrNull('host'),
  team: cell.textOrNull('team'),
  labels: cell.json('labels') as Owner['labels'], // as `rowsOfClaim` wrote them
  namedBy: cell.textOrNull('named_by'),
  forwards: cell.flag('forwards'),
})

/** The first and the last address of a block. */
function boundsOf({ family, words, length }: PrefixBits): { readonly first: Words; readonly last: Words } {
  const hostBits = widthOf(family) - length
  const used = family === 4 ? 1 : 4
  const last = words.map((word, i) => {
    if (i >= used) return 0
    const bits = Math.min(32, Math.max(0, hostBits - (used - 1 - i) * 32))
    return word + 2 ** bits - 1
  })
  return { first: words, last: [last[0] ?? 0, last[1] ?? 0, last[2] ?? 0, last[3] ?? 0] }
}

/** 32 hexadecimal digits, IPv4 as its v4-mapped form: texts are in the order of the addresses. */
const sortable = (words: Words, isIpv4: boolean): string =>
  (isIpv4 ? [0, 0, 0xffff, words[0]] : words).map(word => word.toString(16).padStart(8, '0')).join('')
