import type { AnswerState } from '../ownership/answer.ts'
import type { AttributedFlow, FlowEnd } from './port.ts'
import type { Cell, Column } from './tab-separated.ts'

type Side = 'src' | 'dst'

const endFields: readonly (readonly [name: string, value: (end: FlowEnd) => Cell])[] = [
  ['ip', end => end.ip],
  ['port', end => end.port],
  ['domain', end => end.domain],
  ['state', end => end.state],
  ['reason', end => end.reason],
  ['app', end => end.application],
  ['resource', end => end.resourceId],
  ['cluster', end => end.cluster],
  ['account', end => end.account],
  ['region', end => end.region],
  ['zone', end => end.zone],
  ['layer', end => end.layer],
  ['claim', end => end.claimId],
  ['candidates', end => end.candidates],
  ['service', end => end.service],
]

const endColumns = (side: Side, endOf: (flow: AttributedFlow) => FlowEnd): readonly Column<AttributedFlow>[] =>
  endFields.map(([name, value]) => [`${side}_${name}`, flow => value(endOf(flow))])

export const FLOW_COLUMNS: readonly Column<AttributedFlow>[] = [
  ['object_id', flow => flow.objectId],
  ['record', flow => flow.record],
  ['generation', flow => flow.generation],
  ['start_seconds', flow => flow.startSeconds],
  ['end_seconds', flow => flow.endSeconds],
  ['account', flow => flow.account],
  ['interface_id', flow => flow.interfaceId],
  ['vpc', flow => flow.vpc],
  ['protocol', flow => flow.protocol],
  ['packets', flow => flow.packets],
  ['bytes', flow => flow.bytes],
  ['action', flow => flow.action],
  ['direction', flow => flow.direction],
  ['interface_source', flow => flow.interfaceSource],
  ['interface_destination', flow => flow.interfaceDestination],
  ...endColumns('src', flow => flow.source),
  ...endColumns('dst', flow => flow.destination),
]

/** A row as JSONEachRow shows it; 64-bit integers are decimal strings. */
export type FlowRow = Readonly<Record<string, string | number | readonly string[]>>

/** The one place where a stored row becomes a flow again. The column's type in schemas/sql is what earns each cast. */
export function flowOf(row: FlowRow): AttributedFlow {
  const text = (name: string) => row[name] as string
  const whole = (name: string) => Number(row[name])
  const end = (side: Side): FlowEnd => ({
    ip: text(`${side}_ip`),
    port: whole(`${side}_port`),
    domain: text(`${side}_domain`),
    state: row[`${side}_state`] as AnswerState,
    reason: text(`${side}_reason`),
    application: text(`${side}_app`),
    resourceId: text(`${side}_resource`),
    cluster: text(`${side}_cluster`),
    account: text(`${side}_account`),
    region: text(`${side}_region`),
    zone: text(`${side}_zone`),
    layer: text(`${side}_layer`),
    claimId: text(`${side}_claim`),
    candidates: row[`${side}_candidates`] as readonly string[],
    service: text(`${side}_service`),
  })
  return {
    objectId: text('object_id'),
    record: whole('record'),
    generation: whole('generation'),
    startSeconds: whole('start_seconds'),
    endSeconds: whole('end_seconds'),
    account: text('account'),
    interfaceId: text('interface_id'),
    vpc: text('vpc'),
    protocol: whole('protocol'),
    packets: whole('packets'),
    bytes: whole('bytes'),
    action: text('action'),
    direction: text('direction'),
    interfaceSource: text('interface_source'),
    interfaceDestination: text('interface_destination'),
    source: end('src'),
    destination: end('dst'),
  }
}
