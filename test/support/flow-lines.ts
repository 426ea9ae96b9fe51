import fc from 'fast-check'

const DEFAULT =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'

/** Formats as AWS's users have them, one of names that nobody knows, and orders drawn at random. */
export const FORMATS = [
  DEFAULT,
  'version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport pkt-srcaddr pkt-dstaddr protocol bytes packets start end action tcp-flags log-status',
  'version srcaddr dstaddr srcport dstport protocol start end type packets bytes account-id vpc-id subnet-id instance-id interface-id region az-id sublocation-type sublocation-id action tcp-flags pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service traffic-path flow-direction log-status',
  `${DEFAULT} ecs-cluster-arn ecs-task-id reject-reason resource-id encryption-status interface-type next-hop-vpc-id asg-tag-2`,
  'version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region flow-direction pkt-src-aws-service pkt-dst-aws-service',
  'instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr',
  'dstaddr shoe-size srcaddr end start flow-direction pkt-srcaddr',
].map(text => text.split(' '))

export const formats: fc.Arbitrary<readonly string[]> = fc.oneof(
  fc.constantFrom(...FORMATS),
  fc.constantFrom(...FORMATS).chain(names => fc.shuffledSubarray(names, { minLength: 1 })),
)

const rarely = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: rare })
const oddNumbers = fc.constantFrom(
  '-',
  '',
  '007',
  '-1',
  '1e3',
  '+5',
  '4294967295',
  '4294967296',
  '9007199254740991',
  '0000000000000005',
  '00000000000000005',
)
const tooLarge = fc.constantFrom('9007199254740992', '9007199254740993', '99999999999999999', '1'.repeat(40), '٣')
const number = (max: number) =>
  rarely(fc.nat({ max }).map(String), fc.oneof(oddNumbers, tooLarge, fc.nat({ max: 2 ** 31 - 1 }).map(String)))
const byte = rarely(fc.nat({ max: 255 }).map(String), fc.constantFrom('256', '01', '', '1111', 'a'))
const ipv4 = fc.tuple(byte, byte, byte, byte).map(bytes => bytes.join('.'))
const oddAddresses = fc.constantFrom(
  ...['-', '--', '1.2.3', '1.2.3.4.5', '1.2.3.4:5', '.1.2.3.4', '1..2.3', '::', '::1', '1::', ':::', '1:::2', ':1::2'],
  ...['::ffff:10.0.0.7', '::ffff:a00:7', '::10.0.0.7', '0:0:0:0:0:ffff:a00:7', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9'],
  ...['1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1::3:4:5:6:7:8', '1:2:3:4:5:6:7:8::', '12345::', '2001:DB8::A', 'g::1'],
  ...['1::2::3', '2001:db8::\u0430', 'fe80::1%eth0', '1.2.3.4 ', '1:2:3:4:5:6:1.2.3.4', '1:', '1::2:', '00001::'],
)
const address = fc.oneof(
  { weight: 20, arbitrary: ipv4 },
  { weight: 6, arbitrary: fc.ipV6() },
  { weight: 3, arbitrary: oddAddresses },
)
const oddIds = fc.constantFrom(
  '-',
  'eni-\u0430bc',
  'eni-\u0000',
  'a\tb',
  '\u007f',
  'é',
  '--',
  '-x',
  'x'.repeat(70),
  '~!',
)
const id = (prefix: string) =>
  rarely(
    fc.nat({ max: 40 }).map(n => `${prefix}-${n.toString(16).padStart(17, '0')}`),
    oddIds,
  )

const FIELDS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  srcaddr: address,
  dstaddr: address,
  'pkt-srcaddr': address,
  'pkt-dstaddr': address,
  srcport: number(65_535),
  dstport: number(65_535),
  protocol: number(255),
  packets: number(100_000),
  bytes: number(2 ** 31 - 1),
  start: fc.oneof(
    number(1_700_000_000),
    fc.nat({ max: 10_000 }).map(n => String(1_700_000_000 + n)),
  ),
  end: fc.nat({ max: 10_000 }).map(n => String(1_700_000_000 + n)),
  'account-id': rarely(fc.constantFrom('123456789012', '000000000001', 'unknown'), oddIds),
  'interface-id': id('eni'),
  'vpc-id': id('vpc'),
  'resource-id': id('nat'),
  'tgw-attachment-id': id('tgw-attach'),
  'tgw-src-vpc-account-id': id('1'),
  'tgw-src-vpc-id': id('vpc'),
  'tgw-src-eni': id('eni'),
  'tgw-dst-vpc-account-id': id('2'),
  'tgw-dst-vpc-id': id('vpc'),
  'tgw-dst-eni': id('eni'),
  region: rarely(fc.constantFrom('us-east-1', 'eu-west-3'), oddIds),
  action: rarely(fc.constantFrom('ACCEPT', 'REJECT', '-'), oddIds),
  'flow-direction': fc.constantFrom('ingress', 'egress', '-', 'ingres', 'egresss', 'sideways'),
  'log-status': fc.constantFrom('OK', 'OK', 'OK', 'NODATA', 'SKIPDATA', '-'),
}
const anyField = rarely(fc.constantFrom('-', '2', 'subnet-0a', 'IPv4', 'S3', '\u0430\u0431'), oddIds)

/** A line of the format: most often a record, else one that is almost one. */
export function linesOfFormat(names: readonly string[]): fc.Arbitrary<string> {
  const fields = fc.tuple(...names.map(name => FIELDS[name] ?? anyField))
  const separator = rarely(fc.constant(' '), fc.constantFrom('  ', '   ', '\t', '\u00a0'))
  const record = fc.tuple(fields, separator).map(([values, between]) => values.join(between))
  const gap = fc
    .constantFrom('NODATA', 'SKIPDATA', 'OK', '-')
    .map(status =>
      names
        .map(name => (name === 'log-status' ? status : name === 'start' ? '100' : name === 'end' ? '160' : '-'))
        .join(' '),
    )
  const shapes: fc.Arbitrary<(line: string) => string> = fc.oneof(
    { weight: 40, arbitrary: fc.constant((line: string) => line) },
    {
      weight: 3,
      arbitrary: fc.constantFrom<(line: string) => string>(
        line => `${line}\r`,
        line => ` ${line}`,
        line => `${line} `,
        line => `${line} extra`,
        line => line.slice(0, line.lastIndexOf(' ')),
        line => line.slice(0, line.length >> 1),
        () => '',
        () => '\u00a0 \t',
        () => '\u0000'.repeat(50),
        () => names.join(' '),
        () => `dstaddr srcaddr ${names.filter(name => !name.endsWith('addr')).join(' ')}`,
        () => 'error at start of file',
        line => `\uFEFF${line}`,
      ),
    },
  )
  return fc
    .tuple(fc.oneof({ weight: 12, arbitrary: record }, { weight: 1, arbitrary: gap }), shapes)
    .map(([line, shape]) => shape(line))
}
