import { expect, test } from 'vitest'
import { namedFields, parseHeader } from '../../../src/enricher/flowlogs/fields.ts'
import { lineParser } from '../../../src/enricher/flowlogs/parse.ts'

const DEFAULT =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'

function parse(line: string, header = DEFAULT) {
  const format = parseHeader(header)
  if (format === undefined) throw new TypeError(`not a header: ${header}`)
  return lineParser(format)(line, 7)
}

const GOOD = '2 012345678901 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK'

test('a default line gives every field, and the account keeps its leading zero', () => {
  expect(parse(GOOD)).toEqual({
    kind: 'flow',
    line: 7,
    tokens: GOOD.split(' '),
    account: '012345678901',
    interfaceId: 'eni-1',
    vpc: undefined,
    region: undefined,
    source: { ip: '172.31.16.139', observed: '172.31.16.139', packet: undefined, port: 20641 },
    destination: { ip: '172.31.16.21', observed: '172.31.16.21', packet: undefined, port: 22 },
    protocol: 6,
    packets: 20,
    bytes: 4249,
    startSeconds: 1418530010,
    endSeconds: 1418530070,
    action: 'ACCEPT',
    direction: undefined,
  })
})

test('runs of spaces and a carriage return change nothing but the text', () => {
  const spaced = `  ${GOOD.replaceAll(' ', '   ')}  \r`
  expect(parse(spaced)).toEqual(parse(GOOD))
})

test('columns are found by name in any order, and unknown ones are kept', () => {
  const header = 'dstaddr shoe-size srcaddr end start flow-direction pkt-srcaddr'
  const parsed = parse('10.0.0.2 44 10.0.0.1 20 10 egress 10.0.0.9', header)
  expect(parsed).toMatchObject({
    kind: 'flow',
    source: { ip: '10.0.0.9', observed: '10.0.0.1', packet: '10.0.0.9', port: undefined },
    destination: { ip: '10.0.0.2', packet: undefined },
    startSeconds: 10,
    endSeconds: 20,
    direction: 'egress',
    bytes: undefined,
  })
  const tokens = parsed.kind === 'flow' ? parsed.tokens : []
  expect(namedFields(header.split(' '), tokens)).toEqual({
    dstaddr: '10.0.0.2',
    'shoe-size': '44',
    srcaddr: '10.0.0.1',
    end: 20,
    start: 10,
    'flow-direction': 'egress',
    'pkt-srcaddr': '10.0.0.9',
  })
})

test('a field that AWS has as a number is one where it has digits alone, else it stays as it is', () => {
  const tokens = ['1e3', '0x10', '\ufeff2', '12', '-', '9007199254740993']
  const columns = ['packets', 'bytes', 'srcport', 'dstport', 'tcp-flags', 'start']
  expect(namedFields(columns, tokens)).toEqual({
    packets: '1e3',
    bytes: '0x10',
    srcport: '\ufeff2',
    dstport: 12,
    'tcp-flags': null,
    start: '9007199254740993',
  })
})

test('IPv6 addresses become canonical, and v4-mapped ones IPv4', () => {
  const line = GOOD.replace('172.31.16.139', '2001:DB8:0:0::1').replace('172.31.16.21', '::ffff:10.0.0.7')
  expect(parse(line)).toMatchObject({ source: { ip: '2001:db8::1' }, destination: { ip: '10.0.0.7' } })
})

test.for([
  ['too-few-fields', '', GOOD.replace(' OK', '')],
  ['too-few-fields', '', '2'],
  ['too-many-fields', '', `${GOOD} x`],
  ['malformed-number', 'bytes', GOOD.replace(' 4249 ', ' 4249e2 ')],
  ['malformed-number', 'bytes', GOOD.replace(' 4249 ', ' 99999999999999999 ')],
  ['malformed-number', 'packets', GOOD.replace(' 20 ', ' -20 ')],
  ['malformed-number', 'srcport', GOOD.replace(' 20641 ', ' 65536 ')],
  ['malformed-number', 'protocol', GOOD.replace(' 6 ', ' 256 ')],
  ['malformed-number', 'start', GOOD.replace('1418530010', '1418530010000')],
  ['malformed-address', 'srcaddr', GOOD.replace('172.31.16.139', '172.31.16.0139')],
  ['malformed-address', 'dstaddr', GOOD.replace('172.31.16.21', '172.31.16.2l')],
  // A Cyrillic letter that looks like a Latin one, as it stands in a public fixture.
  ['malformed-address', 'dstaddr', GOOD.replace('172.31.16.21', '2001:db8::\u0430')],
  ['start-after-end', '', GOOD.replace('1418530010', '1418530071')],
  ['without-address', '', GOOD.replace('172.31.16.139', '-')],
] as const)('%s (%s): %s', ([reason, detail, line]) => {
  expect(parse(line)).toEqual({ kind: 'rejected', line: 7, reason, detail, sample: line })
})

test('letters of any script pass in fields that are only carried along', () => {
  const header = `${DEFAULT} subnet-id`
  expect(parse(`${GOOD} subnet-\u0430\u0431`, header)).toMatchObject({ kind: 'flow', bytes: 4249 })
})

test('a line without addresses is no flow, and one with both is, whatever its status says', () => {
  const gap = (status: string) => `2 1 eni-1 - - - - - - - 1431280876 1431280934 - ${status}`
  expect(parse(gap('NODATA'))).toMatchObject({ kind: 'skipped', status: 'NODATA' })
  expect(parse(gap('SKIPDATA'))).toMatchObject({ kind: 'skipped', status: 'SKIPDATA' })
  expect(parse(gap('-'))).toMatchObject({ kind: 'skipped', status: 'NODATA' })
  expect(parse(gap('OK'))).toMatchObject({ kind: 'rejected', reason: 'without-address' })
  expect(parse(GOOD.replace('OK', 'NODATA'))).toMatchObject({ kind: 'flow' })
})

test('a header is a line of names with at least one field of a flow log, none of them twice', () => {
  expect(parseHeader('srcaddr dstaddr something-new')?.columns).toEqual(['srcaddr', 'dstaddr', 'something-new'])
  expect(parseHeader('\uFEFFsrcaddr dstaddr\r')?.columns).toEqual(['srcaddr', 'dstaddr'])
  expect(parseHeader(['srcaddr', 'dstaddr'].map(name => `\${${name}}`).join(' '))?.columns).toEqual([
    'srcaddr',
    'dstaddr',
  ])
  expect(parseHeader(GOOD)).toBeUndefined()
  expect(parseHeader('hello world')).toBeUndefined()
  expect(parseHeader('srcaddr srcaddr')).toBeUndefined()
  expect(parseHeader('start of file: 17')).toBeUndefined()
  expect(parseHeader('')).toBeUndefined()
})
