import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DefaultLineScanner, LONGEST_DEFAULT_LINE_BYTES } from '../../../src/enricher/flowlogs/default-line-scanner.ts'
import { DEFAULT_COLUMNS } from '../../../src/enricher/flowlogs/fields.ts'
import { RecentIds } from '../../../src/enricher/flowlogs/recent-ids.ts'
import { RecordBatch } from '../../../src/enricher/flowlogs/record-batch.ts'
import { PADDING_BYTES, TextTable } from '../../../src/enricher/flowlogs/text-table.ts'
import { inColumns, inObjects } from '../../support/flow-batches.ts'
import { propertyRuns, propertyTimeoutMs } from '../../support/property-runs.ts'

const HEADER = DEFAULT_COLUMNS.join(' ')
const GOOD = [
  '2 123456789012 eni-0a1b2c3d4e5f60718 10.1.22.133 203.0.113.9 50123 443 6 12 8400 1700000099 1700000100 ACCEPT OK',
  '2 123456789012 eni-0a1b2c3d4e5f60719 0.0.0.0 255.255.255.255 0 65535 255 99999999 0 0000000000 4294967199 REJECT OK',
  '2 210987654321 eni-00000000000000000 1.2.3.4 9.10.99.100 1 22 17 1234 12345 1700000000 1700000000 ACCEPT OK',
].map(line => line.split(' '))
const [ordinary = []] = GOOD

/** How many lines are taken the quick way, of those that follow one another from the first on. */
function taken(lines: readonly string[], texts = new TextTable(), ids = new RecentIds()): number {
  const text = Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), Buffer.alloc(PADDING_BYTES)])
  const batch = new RecordBatch(lines.length)
  const scanner = new DefaultLineScanner(batch, new Int32Array(lines.length), ids)
  scanner.scan(new DataView(text.buffer, text.byteOffset, text.length), 0, text.length - PADDING_BYTES, 0, texts)
  return batch.count
}

async function expectAsReference(
  lines: readonly string[],
  { pieceBytes = 2 ** 20, header = HEADER }: { readonly pieceBytes?: number; readonly header?: string } = {},
): Promise<void> {
  const text = Buffer.from([header, ...lines].join('\n'))
  const found = await inColumns(text, {}, pieceBytes)
  if (typeof found === 'string') throw new Error(found)
  expect(found).toEqual(await inObjects(text))
}

test('what AWS writes by default is taken the quick way', () => {
  const lines = GOOD.map(fields => fields.join(' '))
  expect(taken(lines)).toBe(lines.length)
  expect(Math.max(...lines.map(line => line.length + 1))).toBeLessThanOrEqual(LONGEST_DEFAULT_LINE_BYTES)
})

const NUMBERS = [
  ...Array.from({ length: 18 }, (_, digits) => '1234567890123456789'.slice(0, digits)),
  ...['-', '--', '-1', '1-', '007', '00000007', '000000007', '0000000000', '255', '256', '65535', '65536', '99999999'],
  ...['4294967199', '4294967200', '4294967295', '4294967296', '9999999999', '1700000099', '1700000101', '17000000a0'],
  ...['170000000', '17000000000', '1/', '1:', ':', '/', '1é', '٣', '1\u0000', '1e3', '+1'],
]
const OCTETS = [
  ...Array.from({ length: 301 }, (_, octet) => String(octet)),
  ...[
    '',
    '-',
    '00',
    '01',
    '09',
    '001',
    '010',
    '099',
    '000',
    '0255',
    '1000',
    '1234',
    '999',
    '1a',
    'a1',
    '1:',
    '/9',
    '٣',
  ],
]
const ADDRESSES = [
  ...OCTETS.flatMap(octet => [0, 1, 2, 3].map(at => ['10', '9', '200', '77'].with(at, octet).join('.'))),
  ...[
    '-',
    '::1',
    '2600:1f13::a',
    '::ffff:10.0.0.7',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4.',
    '.1.2.3.4',
    '1 2 3 4',
    '1.2.3.4/8',
  ],
]
const IDS = [
  ...['eni-0A1B2C3D4E5F60718', 'eni-0a1b2c3d4e5f6071', 'eni-0a1b2c3d4e5f607188', '-', '--', 'eni', ''],
  ...['eni-0a1b2c3d4e5f6071\u0435', 'eni-0a1b2c3d4\u007f5f60718', 'eni-0a1b2c3d4\t5f60718', 'x'.repeat(21)],
]
const ACCOUNTS = [
  '12345678901',
  '1234567890123',
  '-',
  '',
  'unknown',
  'accountabc01',
  '12345678901é',
  '12345678901\u007f',
]
const VERDICTS = ['ACCEPTED', 'ACCEP', 'REJECT', 'REJEPT', 'ACCECT', 'accept', '-', '', 'ACCEPT\t', 'ACCEPTé']
const BORDERS: Readonly<Record<string, readonly string[]>> = {
  version: ['', '-', '22', '3', '2\t', '2 '],
  'account-id': ACCOUNTS,
  'interface-id': IDS,
  srcaddr: ADDRESSES,
  dstaddr: ADDRESSES,
  action: VERDICTS,
  'log-status': ['OK\r', 'OK ', 'OKAY', 'O', '-', '', 'NODATA', 'SKIPDATA', 'OK extra', 'KO'],
}

test('lines beside them mean what the reference says, field by field', { timeout: 240_000 }, async () => {
  for (const [at, name] of DEFAULT_COLUMNS.entries()) {
    // Each between two good ones: what is remembered of one line must not tell on the next.
    const lines = (BORDERS[name] ?? NUMBERS).flatMap(value => [ordinary, ordinary.with(at, value)])
    await expectAsReference([...lines, ordinary].map(fields => fields.join(' ')))
  }
})

test('and with other separators in each place, in other formats too', async () => {
  const extra = ['subnet-0a', 'i-0b', 'IPv4', '19', '10.0.0.1', 'use1-az1', '-', '-', 'egress', '7']
  const names =
    'subnet-id instance-id type tcp-flags pkt-srcaddr az-id sublocation-type sublocation-id flow-direction traffic-path'
  for (const [header, fields] of [
    [HEADER, ordinary],
    [`${HEADER} ${names}`, [...ordinary, ...extra]],
  ] as const) {
    const lines = fields.flatMap((_, at) =>
      ['  ', '\t', '\r', '\u0000', '\u00a0', '', ' - '].map(
        between => fields.slice(0, at).join(' ') + between + fields.slice(at).join(' '),
      ),
    )
    await expectAsReference(lines, { header })
    await expectAsReference(
      lines.map(line => `${line}\r`),
      { header },
    )
  }
})

test('and where a piece ends anywhere in a line, or the file does', async () => {
  const line = ordinary.join(' ')
  for (let until = 1; until <= line.length; until++) await expectAsReference([line, line.slice(0, until)])
  for (let pieceBytes = 1; pieceBytes < 250; pieceBytes++) await expectAsReference([line, line, line], { pieceBytes })
})

test('and where one byte of one is another', { timeout: propertyTimeoutMs(120_000) }, async () => {
  const changed = fc
    .tuple(
      fc.constantFrom(...GOOD),
      fc.nat(),
      fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...Buffer.from(' -.:0aA\n\r\t'))),
    )
    .map(([fields, at, byte]) => {
      const line = Buffer.from(fields.join(' '))
      line[at % line.length] = byte
      return line
    })
  await fc.assert(
    fc.asyncProperty(fc.array(changed, { minLength: 1, maxLength: 30 }), async lines => {
      const newline = Buffer.from('\n')
      const text = Buffer.concat([Buffer.from(HEADER), ...lines.flatMap(line => [newline, line])])
      expect(await inColumns(text)).toEqual(await inObjects(text))
    }),
    propertyRuns(200),
  )
})

test('ids are told apart by every byte, however many there are, and in the table that is asked', () => {
  const ids = new RecentIds()
  // Those that differ only in what a place is not chosen by share one.
  const some = Array.from({ length: 21 }, (_, at) => `${'e'.repeat(at)}f${'e'.repeat(20 - at)} `)
  // And these differ in what it is chosen by: of 28,200 many meet in one of 4,096.
  const many = Array.from({ length: 300 }, (_, i) =>
    Array.from(
      { length: 94 },
      (_, last) => `eni-0000${i.toString(16).padStart(4, '0')}00000000${String.fromCharCode(33 + last)} `,
    ),
  ).flat()
  const text = Buffer.concat([Buffer.from([...some, ...some, ...many, ...some].join('')), Buffer.alloc(PADDING_BYTES)])
  const view = new DataView(text.buffer, text.byteOffset, text.length)
  for (const texts of [new TextTable(), new TextTable()]) {
    texts.numberOf('another number for each')
    for (let round = 0; round < 2; round++) {
      for (let at = 0; at + PADDING_BYTES < text.length; at += 22) {
        const number = ids.numberAt(view, at, texts)
        const found = texts.text(number)
        if (found !== text.toString('latin1', at, at + 21) || ids.end !== at + 21) throw new Error(`${found} at ${at}`)
      }
    }
    expect(texts.size).toBe(1 + some.length + many.length)
  }
})

test('a file that turns to other lines and back is read in its order', async () => {
  const six = ordinary.with(3, '2600:1f13::7').join(' ')
  const lines = Array.from({ length: 600 }, (_, i) => ((i >> 5) % 3 === 1 || i % 50 === 7 ? six : ordinary.join(' ')))
  await expectAsReference(lines)
  await expectAsReference(lines, { pieceBytes: 777 })
})
