import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Annotator } from '../../../src/api/annotate/annotator.ts'
import { labelOf } from '../../../src/api/annotate/label.ts'
import { timeOfLine } from '../../../src/api/annotate/line-time.ts'
import { type Hit, scanLine } from '../../../src/api/annotate/scan.ts'
import { briefOf } from '../../../src/api/bulk/brief.ts'
import { DecidedDomains } from '../../../src/api/bulk/deciding.ts'
import { ManyLookUps } from '../../../src/api/bulk/look-ups.ts'
import { formatAddress, type Ip } from '../../../src/ownership/address.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { owner, TestSource } from '../../support/estate.ts'
import { propertyRuns } from '../../support/property-runs.ts'

/** The line with each address that was found in braces, and its port behind a slash. */
function marked(line: string): string {
  const bytes = Buffer.from(line)
  let out = ''
  let written = 0
  scanLine(bytes, 0, bytes.length, hit => {
    const ip = formatAddress(
      hit.family === 4 ? { family: 4, words: [hit.word >>> 0, 0, 0, 0] } : { family: 6, words: hit.words },
    )
    out += `${bytes.toString('utf8', written, hit.end)}<${ip}${hit.port === undefined ? '' : ` ${hit.port}`}>`
    written = hit.end
  })
  return out + bytes.toString('utf8', written)
}

describe('addresses in a line', () => {
  test.each([
    [
      'tcp        0      0 10.1.2.3:443            52.11.120.97:50432      ESTABLISHED',
      'tcp        0      0 10.1.2.3:443<10.1.2.3 443>            52.11.120.97:50432<52.11.120.97 50432>      ESTABLISHED',
    ],
    [
      'tcp6       0      0 2001:db8::1:443  2001:db8::2:50432  ESTABLISHED',
      'tcp6       0      0 2001:db8::1:443<2001:db8::1 443>  2001:db8::2:50432<2001:db8::2 50432>  ESTABLISHED',
    ],
    [
      'ESTAB 0 0 [2001:db8::1]:443 [::ffff:10.1.2.3]:22',
      'ESTAB 0 0 [2001:db8::1]:443<2001:db8::1 443> [::ffff:10.1.2.3]:22<10.1.2.3 22>',
    ],
    [
      '14:05:00.123456 IP 10.1.2.3.443 > 10.1.2.4.50432: Flags [P.]',
      '14:05:00.123456 IP 10.1.2.3.443<10.1.2.3 443> > 10.1.2.4.50432<10.1.2.4 50432>: Flags [P.]',
    ],
    [
      'IP6 2001:db8::1.443 > 2001:db8::2.53: UDP',
      'IP6 2001:db8::1.443<2001:db8::1 443> > 2001:db8::2.53<2001:db8::2 53>: UDP',
    ],
    [
      'at connect(10.1.2.3), src=10.1.2.4;"10.1.2.5"',
      'at connect(10.1.2.3<10.1.2.3>), src=10.1.2.4<10.1.2.4>;"10.1.2.5<10.1.2.5>"',
    ],
    [
      'java.net.ConnectException: /10.1.2.3:8080 refused.',
      'java.net.ConnectException: /10.1.2.3:8080<10.1.2.3 8080> refused.',
    ],
    ['It was 10.1.2.3.', 'It was 10.1.2.3<10.1.2.3>.'],
    ['range 10.1.2.3-10.1.2.9, tcp:10.1.2.4', 'range 10.1.2.3<10.1.2.3>-10.1.2.9<10.1.2.9>, tcp:10.1.2.4<10.1.2.4>'],
    ['inet 10.1.2.3/24 brd 10.1.2.255', 'inet 10.1.2.3/24<10.1.2.3> brd 10.1.2.255<10.1.2.255>'],
    ['"a":"2001:db8::1","b":"2001:DB8:0:0::2"', '"a":"2001:db8::1<2001:db8::1>","b":"2001:DB8:0:0::2<2001:db8::2>"'],
    ['GET http://10.1.2.3:80/x?y=10.1.2.4', 'GET http://10.1.2.3:80<10.1.2.3 80>/x?y=10.1.2.4<10.1.2.4>'],
    ['10.1.2.3', '10.1.2.3<10.1.2.3>'],
    ['é10.1.2.3ü 10.1.2.4', 'é10.1.2.3<10.1.2.3>ü 10.1.2.4<10.1.2.4>'],
  ])('%s', (line, expected) => expect(marked(line)).toBe(expected))

  test.each([
    '0.0.0.0:* 127.0.0.1:631 ::1 :::22 224.0.0.251 255.255.255.255 fe80::1 ff02::1',
    'version 1.2.3 and 1.2.3.4.5.6 and 10.1.2.256 and 10.1.2.03 and v10.1.2.3 and 10.1.2.3x',
    '10.0.0.0/8 10.1.2.0/24 2001:db8::/32 0.0.0.0/0',
    '02:42:ac:11:00:02 14:05:00 12:34:56:78 a::b::c std::string ::',
    'ip-10-1-2-3.ec2.internal 10_1_2_3 1e10.1.2.3.4a',
    'fe80::1%eth0 2001:db8::1%eth0',
  ])('none: %s', line => expect(marked(line)).toBe(line))

  test('are found wherever they stand in a text, whatever is around', () => {
    const address = fc.oneof(
      fc.ipV4().filter(ip => !/^(0|127|22[4-9]|2[3-5]\d)\./.test(ip)),
      fc.constantFrom('2001:db8::1', '2600:1f18::a:b'),
    )
    const around = fc.constantFrom(' ', ', ', ' (', ') ', '=', '"', '\t', ' > ', '; ')
    fc.assert(
      fc.property(fc.array(fc.tuple(around, address), { minLength: 1, maxLength: 8 }), parts => {
        const line = parts.map(part => part.join('')).join('')
        const found: string[] = []
        scanLine(Buffer.from(line), 0, Buffer.byteLength(line), (hit: Hit) =>
          found.push(
            formatAddress(
              hit.family === 4 ? { family: 4, words: [hit.word >>> 0, 0, 0, 0] } : { family: 6, words: hit.words },
            ),
          ),
        )
        expect(found).toEqual(parts.map(([, ip]) => ip))
      }),
      propertyRuns(200),
    )
  })
})

const NOW_MS = Date.parse('2026-11-21T12:00:00Z')
const timeIn = (line: string, zoneMs = 0) => {
  const found = timeOfLine(Buffer.from(line), 0, Buffer.byteLength(line), { nowMs: NOW_MS, zoneMs })
  return found && [new Date(found.fromMs).toISOString(), found.untilMs - found.fromMs]
}

test.each([
  ['2026-11-20T14:05:00Z start', '2026-11-20T14:05:00.000Z', 1000],
  ['2026-11-20T14:05:00.25+02:00 x', '2026-11-20T12:05:00.250Z', 10],
  ['{"time":"2026-11-20T14:05:00.123456Z"}', '2026-11-20T14:05:00.123Z', 1],
  ['2026-11-20 14:05:00.123456 IP 10.1.2.3.443 > …', '2026-11-20T14:05:00.123Z', 1],
  ['1495670748 x', '2017-05-25T00:05:48.000Z', 1000],
  ['1495670748.123456 IP 10.1.2.3', '2017-05-25T00:05:48.123Z', 1],
  ['[1495670748.5] x', '2017-05-25T00:05:48.500Z', 100],
  ['1495670748123,x', '2017-05-25T00:05:48.123Z', 1],
  ['Nov 20 14:05:00 host sshd[1]: 10.1.2.3', '2026-11-20T14:05:00.000Z', 1000],
  ['<34>Dec  1 14:05:00 host x', '2025-12-01T14:05:00.000Z', 1000],
  ['Feb 29 14:05:00 host x', '2024-02-29T14:05:00.000Z', 1000],
  [
    '2 123456789012 eni-0a 10.0.0.1 10.0.1.9 443 1024 6 10 1495670000 1495670748 1495670808 ACCEPT OK',
    '2017-05-25T00:05:48.000Z',
    61_000,
  ],
] as const)('%s is of %s, to %i ms', (line, at, exactMs) => expect(timeIn(line)).toEqual([at, exactMs]))

test.each([
  'tcp 0 0 10.1.2.3:443 10.1.2.4:80',
  '14:05:00.123 IP 10.1.2.3',
  'bytes 1495670748',
  '2026-02-30T14:05:00Z',
  '12345678901 x',
  'Nov 31 14:05:00 x',
  '2026-11-20 25:05:00',
])('%s has no time', line => expect(timeIn(line)).toBeUndefined())

test('a stamp without a zone is of the zone that is given', () => {
  expect(timeIn('2026-11-20 14:05:00 x', 7_200_000)).toEqual(['2026-11-20T12:05:00.000Z', 1000])
  expect(timeIn('Nov 20 14:05:00 x', -18_000_000)).toEqual(['2026-11-20T19:05:00.000Z', 1000])
})

const START_MS = 1_700_000_000_000
function annotatorOn(over: Partial<ConstructorParameters<typeof Annotator>[2]> = {}) {
  const index = createOwnershipIndex()
  const source = new TestSource(index, {
    covered: ['d1 10.0.0.0/8', 'd1 2001:db8::/32', 'd2 172.16.0.0/12', 'd3 172.16.0.0/12', 'inet.0 0.0.0.0/0'],
  })
  for (let seconds = 100; seconds <= 1000; seconds += 100) {
    source.poll(START_MS + seconds * 1000, START_MS + seconds * 1000 + 5, [
      { address: '10.0.0.5', owner: owner(seconds < 500 ? 'api' : 'batch', seconds < 500 ? 'i-1' : 'i-2') },
      { address: '10.0.0.7', owner: owner(null, 'i-7') },
      { address: '10.0.0.8', owner: owner('odd name{}') },
      { address: '10.0.0.9', owner: owner('low', 'i-9'), ports: { first: 0, last: 1023 } },
      { address: '10.0.0.9', owner: owner('high', 'i-10'), ports: { first: 1024, last: 65_535 } },
      { address: '2001:db8::5', owner: owner('six'), domain: 'd1' },
    ])
  }
  const at = { fromMs: START_MS + 250_000, untilMs: START_MS + 250_001 }
  const lookUps = new ManyLookUps(index.generation(), { readable: () => true }, NOW_MS)
  const annotator = new Annotator(lookUps, new DecidedDomains(index.sources()), { at, zoneMs: 0, ...over })
  return { annotator, index }
}

function annotated(text: string, sizes = [1 << 20], over = {}): string {
  const { annotator } = annotatorOn(over)
  const bytes = Buffer.from(text)
  const out: Buffer[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const piece = Buffer.from(bytes.subarray(at, at + (sizes[i % sizes.length] ?? 1)))
    at += piece.length
    out.push(Buffer.from(annotator.take(piece)))
    piece.fill(0)
  }
  out.push(annotator.end())
  return Buffer.concat(out).toString()
}

describe('a text', () => {
  const TEXT = [
    'tcp 0 0 10.0.0.5:443 10.0.0.6:50432 ESTABLISHED',
    `${START_MS / 1000 + 300} 10.0.0.5`,
    `${START_MS / 1000 + 600}.000 10.0.0.5\r`,
    `${START_MS / 1000 + 450}.000 10.0.0.5`,
    '10.0.0.7 10.0.0.8 8.8.8.8 172.16.0.1',
    '10.0.0.9:80 10.0.0.9:8080 10.0.0.9:90',
    '',
    'no address, ünïcode \u{1f600}',
    'd1 [2001:db8::5]:443',
  ].join('\n')

  test('has its owners behind its addresses, as of the time of each line', () => {
    expect(annotated(TEXT, undefined, { domain: 'd1' }).split('\n')).toEqual([
      'tcp 0 0 10.0.0.5:443{api} 10.0.0.6:50432{-unowned} ESTABLISHED',
      `${START_MS / 1000 + 300} 10.0.0.5{api}`,
      `${START_MS / 1000 + 600}.000 10.0.0.5{batch}\r`,
      `${START_MS / 1000 + 450}.000 10.0.0.5{?api|batch:handoff}`,
      '10.0.0.7{i-7} 10.0.0.8{odd_name__} 8.8.8.8{?unmanaged-prefix} 172.16.0.1{?unmanaged-prefix}',
      '10.0.0.9:80{low} 10.0.0.9:8080{high} 10.0.0.9:90{low}',
      '',
      'no address, ünïcode \u{1f600}',
      'd1 [2001:db8::5]:443{six}',
    ])
    expect(annotated('10.0.0.5 8.8.8.8 172.16.0.1')).toBe('10.0.0.5{api} 8.8.8.8{~internet} 172.16.0.1{?domain-needed}')
  })

  test('is the same whatever its pieces, and byte for byte what it was without the notes', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '10.0.0.5',
        '10.0.0.9:80',
        '2001:db8::5',
        '[2001:db8::5]:1',
        ' ',
        '\n',
        '\r\n',
        '.',
        ':',
        `\n${START_MS / 1000 + 600} `,
      ),
      fc.string({ unit: 'grapheme', maxLength: 5 }).map(text => text.replace(/[{}]/g, '')),
    )
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), sizes, (parts, pieces) => {
        const text = parts.join('')
        const whole = annotated(text, undefined, { domain: 'd1' })
        expect(annotated(text, pieces, { domain: 'd1' })).toBe(whole)
        expect(whole.replace(/\{[^}]*\}/g, '')).toBe(Buffer.from(text).toString())
      }),
      propertyRuns(60),
    )
  }, 120_000)

  test('says of each address what the whole question says', () => {
    const { index } = annotatorOn()
    const seconds = fc.integer({ min: 50, max: 1100 })
    const address = fc.constantFrom('10.0.0.5', '10.0.0.6', '10.0.0.7', '10.0.0.9')
    const port = fc.constantFrom(undefined, 80, 8080)
    fc.assert(
      fc.property(fc.array(fc.tuple(seconds, address, port, fc.boolean()), { maxLength: 40 }), rows => {
        const lines = rows.map(
          ([at, ip, one, isExact]) =>
            `${START_MS / 1000 + at}${isExact ? '.000' : ''} ${ip}${one === undefined ? '' : `:${one}`}`,
        )
        const labels = rows.map(([at, ip, one, isExact]) => {
          const fromMs = START_MS + at * 1000
          const window = { fromMs, untilMs: fromMs + (isExact ? 1 : 1000) }
          return labelOf(
            briefOf(
              index.ask({
                ip: ip as Ip,
                domain: 'd1',
                ...window,
                nowMs: NOW_MS,
                ...(one === undefined ? {} : { port: one }),
              }),
            ),
          )
        })
        const expected = lines.map((line, i) => `${line}${labels[i]}`).join('\n')
        expect(annotated(lines.join('\n'), undefined, { domain: 'd1' })).toBe(expected)
      }),
      propertyRuns(60),
    )
  }, 120_000)

  test('says of each line what it says of the line alone, whatever came before it', () => {
    const address = fc.constantFrom(
      '10.0.0.5',
      '10.0.0.6',
      '10.0.0.7',
      '10.0.0.9',
      '172.16.0.1',
      '8.8.8.8',
      '2001:db8::5',
    )
    const word = fc
      .tuple(address, fc.constantFrom('', '', ':443', ':50432'))
      .map(([ip, port]) => (ip.includes(':') ? ip : ip + port))
    const stamp = fc.constantFrom('', '', `${START_MS / 1000 + 450} `, `${START_MS / 1000 + 600} `)
    const line = fc
      .tuple(stamp, fc.array(word, { minLength: 1, maxLength: 4 }))
      .map(([at, words]) => at + words.join(' '))
    fc.assert(
      fc.property(fc.array(line, { minLength: 2, maxLength: 12 }), lines => {
        // A piece for each line: what was said in one is known in the next.
        const { annotator } = annotatorOn()
        const told = lines.map(text => annotator.take(Buffer.from(`${text}\n`)).toString())
        expect(told).toEqual(lines.map(text => annotated(`${text}\n`)))
      }),
      propertyRuns(60),
    )
  })

  test('may have a line without end', () => {
    const line = `10.0.0.5 ${'x'.repeat(300_000)} 10.0.0.5`
    expect(annotated(line, [10_000], { domain: 'd1' })).toBe(`10.0.0.5{api} ${'x'.repeat(300_000)} 10.0.0.5{api}`)
  })
})
