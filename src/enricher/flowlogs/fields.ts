/**
 * Fields of VPC flow logs up to version 11, and of transit gateway flow logs (version 6). A name that is not here is kept
 * as it stands: AWS adds fields, and no file is refused for a new one.
 */
const FIELDS: ReadonlySet<string> = new Set(
  `version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
  vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr
  region az-id sublocation-type sublocation-id
  pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path
  resource-type tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id
  tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id
  packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired
  ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id
  ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id
  reject-reason resource-id encryption-status
  interface-type next-hop-interface-id next-hop-subnet-id next-hop-az-id next-hop-vpc-id next-hop-interface-type
  instance-tag instance-tag-2 interface-tag interface-tag-2 asg-tag asg-tag-2`.split(/\s+/),
)

export const isFlowField = (name: string): boolean => FIELDS.has(name)

/** Fields that are whole numbers. An account id is not one of them: its leading zeros count. */
const NUMERIC: ReadonlySet<string> = new Set(
  `version srcport dstport protocol packets bytes start end tcp-flags traffic-path
  packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired`.split(/\s+/),
)

export const isNumeric = (name: string): boolean => NUMERIC.has(name)

/** Where in a line the fields stand that attribution needs; -1 where the format lacks one. */
export type Format = {
  /** All names in the order of the header, unknown ones included. */
  readonly columns: readonly string[]
  readonly account: number
  readonly interfaceId: number
  readonly vpc: number
  readonly region: number
  readonly sourceAddress: number
  readonly destinationAddress: number
  readonly packetSource: number
  readonly packetDestination: number
  readonly sourcePort: number
  readonly destinationPort: number
  readonly protocol: number
  readonly packets: number
  readonly bytes: number
  readonly start: number
  readonly end: number
  readonly action: number
  readonly status: number
  readonly direction: number
  /** What recorded it where that is no interface: a regional NAT gateway, an attachment of a transit gateway. */
  readonly resource: number
  /** Undefined where the format is none of a transit gateway. */
  readonly transit: { readonly source: TransitColumns; readonly destination: TransitColumns } | undefined
}

export type TransitColumns = { readonly account: number; readonly vpc: number; readonly interfaceId: number }

/** The order that AWS gives a flow log whose maker chose none, and that of records that come without a header. */
export const DEFAULT_COLUMNS: readonly string[] =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'.split(
    ' ',
  )

const NAME = /^[a-z][a-z0-9-]*$/

/**
 * The format that a line of field names gives, or undefined where the line is no such thing: no name is a flow log field,
 * a word cannot be a name, or a name stands there twice. Takes `${field}` too, as LogFormat writes it.
 */
export function parseHeader(line: string): Format | undefined {
  const columns = line
    .replace(/^\uFEFF/, '')
    .replace(/\r$/, '')
    .split(' ')
    .filter(word => word !== '')
    .map(word => (word.startsWith('${') && word.endsWith('}') ? word.slice(2, -1) : word))
  if (!columns.some(name => FIELDS.has(name))) return undefined
  if (!columns.every(name => NAME.test(name)) || new Set(columns).size !== columns.length) return undefined
  return formatOf(columns)
}

/** Where the fields stand among columns of these names. */
export function formatOf(columns: readonly string[]): Format {
  const at = (name: string) => columns.indexOf(name)
  const transitColumns = (end: 'src' | 'dst'): TransitColumns => ({
    account: at(`tgw-${end}-vpc-account-id`),
    vpc: at(`tgw-${end}-vpc-id`),
    interfaceId: at(`tgw-${end}-eni`),
  })
  const isTransit = columns.some(name => name.startsWith('tgw-'))
  return {
    columns,
    account: at('account-id'),
    interfaceId: at('interface-id'),
    vpc: at('vpc-id'),
    region: at('region'),
    sourceAddress: at('srcaddr'),
    destinationAddress: at('dstaddr'),
    packetSource: at('pkt-srcaddr'),
    packetDestination: at('pkt-dstaddr'),
    sourcePort: at('srcport'),
    destinationPort: at('dstport'),
    protocol: at('protocol'),
    packets: at('packets'),
    bytes: at('bytes'),
    start: at('start'),
    end: at('end'),
    action: at('action'),
    status: at('log-status'),
    direction: at('flow-direction'),
    resource: at(columns.includes('resource-id') ? 'resource-id' : 'tgw-attachment-id'),
    transit: isTransit ? { source: transitColumns('src'), destination: transitColumns('dst') } : undefined,
  }
}

/** The record's own fields by name: `-` is null, numbers of digits alone are numbers where they are exact, all else is text. */
export function namedFields(
  columns: readonly string[],
  tokens: readonly string[],
): Readonly<Record<string, string | number | null>> {
  const fields: Record<string, string | number | null> = {}
  for (const [i, name] of columns.entries()) {
    const text = tokens[i] ?? '-'
    const number = NUMERIC.has(name) && /^\d+$/.test(text) ? Number(text) : Number.NaN
    fields[name] = text === '-' ? null : Number.isSafeInteger(number) ? number : text
  }
  return fields
}
