import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LONGEST_QUESTION, parseAddressText, parseDomain, parsePort, parseQuestion } from '../../src/api/question.ts'
import { parseTime } from '../../src/api/time.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const withCode = (code: string) => expect.objectContaining({ code, kind: 'usage' })

describe('a question as people write it', () => {
  test.for([
    ['52.11.120.97 @ 1495670748 in inet.0', '52.11.120.97', 1_495_670_748_000, 'inet.0'],
    ['52.11.120.97@1495670748 in inet.0', '52.11.120.97', 1_495_670_748_000, 'inet.0'],
    ['10.1.2.3 at 2026-11-20T14:05Z in prod', '10.1.2.3', Date.parse('2026-11-20T14:05Z'), 'prod'],
    ['10.1.2.3 in prod at 2026-11-20 14:05 UTC', '10.1.2.3', Date.parse('2026-11-20T14:05Z'), 'prod'],
    ['in prod 10.1.2.3 @ now', '10.1.2.3', NOW, 'prod'],
    ['@ 1495670748 in inet.0 52.11.120.97', '52.11.120.97', 1_495_670_748_000, 'inet.0'],
    ['2001:DB8::0:1', '2001:db8::1', NOW, undefined],
    ['  ::ffff:10.1.2.3  ', '10.1.2.3', NOW, undefined],
    ['10.1.2.3 5 min ago', '10.1.2.3', NOW - 300_000, undefined],
    ['10.1.2.3 at 2h ago in vpc-0a1b/x:y_z', '10.1.2.3', NOW - 7_200_000, 'vpc-0a1b/x:y_z'],
    ['whohad 10.1.2.3 @ now?', '10.1.2.3', NOW, undefined],
    ['Who had 10.1.2.3 AT NOW IN prod ?', '10.1.2.3', NOW, 'prod'],
  ] as const)('%s', ([text, ip, atMs, domain]) => {
    expect(parseQuestion(text, NOW)).toEqual({ ip, atMs, domain })
  })

  test.for([
    ['10.1.2.3:443', '10.1.2.3', 443],
    ['10.1.2.3:443 @ now in prod', '10.1.2.3', 443],
    ['[2001:db8::1]:443', '2001:db8::1', 443],
    ['[2001:db8::1]', '2001:db8::1', undefined],
    ['2001:db8::1:443', '2001:db8::1:443', undefined],
    ['[::ffff:10.1.2.3]:65535', '10.1.2.3', 65_535],
    ['10.1.2.3 port 53 in prod', '10.1.2.3', 53],
    ['in prod port 0 10.1.2.3', '10.1.2.3', 0],
  ] as const)('%s names a port, or none', ([text, ip, port]) => {
    expect(parseQuestion(text, NOW)).toMatchObject({ ip, port, atMs: NOW })
  })

  test.for([
    ['10.1.2.3:65536', 'WHOHAD_PORT_MALFORMED'],
    ['10.1.2.3 port http', 'WHOHAD_PORT_MALFORMED'],
    ['10.1.2.3:80 port 80', 'WHOHAD_QUESTION_MALFORMED'],
    ['10.1.2.3:80 10.1.2.3', 'WHOHAD_QUESTION_MALFORMED'],
    ['10.1.2.3:', 'WHOHAD_ADDRESS_MALFORMED'],
    ['[10.1.2.3]:80', 'WHOHAD_ADDRESS_MALFORMED'],
    ['[2001:db8::1:80', 'WHOHAD_ADDRESS_MALFORMED'],
    ['', 'WHOHAD_QUESTION_MALFORMED'],
    ['   ', 'WHOHAD_QUESTION_MALFORMED'],
    ['@ in', 'WHOHAD_QUESTION_MALFORMED'],
    ['10.1.2.3 @', 'WHOHAD_QUESTION_MALFORMED'],
    ['10.1.2.3 10.1.2.4', 'WHOHAD_QUESTION_MALFORMED'],
    ['10.1.2.3 in a in b', 'WHOHAD_QUESTION_MALFORMED'],
    ['10.1.2.3 foo @ now', 'WHOHAD_QUESTION_MALFORMED'],
    [`10.1.2.3 @ ${'1'.repeat(LONGEST_QUESTION)}`, 'WHOHAD_QUESTION_MALFORMED'],
    ['10.1.2 @ now', 'WHOHAD_ADDRESS_MALFORMED'],
    ['checkout', 'WHOHAD_ADDRESS_MALFORMED'],
    ['10.1.2.3 @ yesterday', 'WHOHAD_TIME_MALFORMED'],
    ['10.1.2.3 @ now @ now', 'WHOHAD_TIME_MALFORMED'],
    ['10.1.2.3 in', 'WHOHAD_DOMAIN_MALFORMED'],
    ['10.1.2.3 in <script>', 'WHOHAD_DOMAIN_MALFORMED'],
  ] as const)('"%s" is refused with %s', ([text, code]) => {
    expect(() => parseQuestion(text, NOW)).toThrow(withCode(code))
  })

  test('means the same in any order of its parts', () => {
    const ip = fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter(text => !text.includes('.')),
    )
    const seconds = fc.integer({ min: 0, max: 9_999_999_999 })
    const domain = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,20}$/)
    fc.assert(
      fc.property(ip, seconds, domain, (address, at, name) => {
        const clauses = [address, `@ ${at}`, `in ${name}`]
        const expected = { ip: parseAddressText(address), atMs: at * 1000, domain: name }
        for (const order of [
          [0, 1, 2],
          [0, 2, 1],
          [1, 0, 2],
          [1, 2, 0],
          [2, 0, 1],
          [2, 1, 0],
        ]) {
          expect(parseQuestion(order.map(i => clauses[i]).join(' '), NOW)).toEqual(expected)
        }
      }),
    )
  })

  test('is read, or refused with a usage error that repeats at most a line of it, whatever it is', () => {
    const word = fc.oneof(fc.constantFrom('@', 'at', 'in', 'now', '10.1.2.3', 'ago', '5', '::1', '?'), fc.string())
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 700 }),
          fc.array(word).map(w => w.join(' ')),
        ),
        text => {
          try {
            const { atMs } = parseQuestion(text, NOW)
            expect(Number.isInteger(atMs) && atMs >= 0).toBe(true)
          } catch (error) {
            expect(error).toMatchObject({ name: 'WhohadError', kind: 'usage' })
            expect(String(error)).not.toMatch(/\n/)
            expect(String(error).length).toBeLessThan(500)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('a time', () => {
  test.for([
    ['0', 0],
    ['1495670748', 1_495_670_748_000],
    ['1495670748.250', 1_495_670_748_250],
    ['1495670748.2', 1_495_670_748_200],
    ['1495670748.2509', 1_495_670_748_250],
    ['1495670748123', 1_495_670_748_123],
    ['2017-05-25T00:05:48Z', 1_495_670_748_000],
    ['2017-05-25T00:05:48.250Z', 1_495_670_748_250],
    ['2017-05-25T02:05:48+02:00', 1_495_670_748_000],
    ['2017-05-24T20:05:48-0400', 1_495_670_748_000],
    ['2017-05-25 00:05:48 utc', 1_495_670_748_000],
    ['2024-02-29T00:00Z', Date.parse('2024-02-29T00:00:00Z')],
    ['NOW', NOW],
    ['90 s ago', NOW - 90_000],
    ['1 sec ago', NOW - 1000],
    ['5min ago', NOW - 300_000],
    ['3 hours ago', NOW - 10_800_000],
    ['1 d ago', NOW - 86_400_000],
    ['2 days ago', NOW - 172_800_000],
  ] as const)('%s', ([text, atMs]) => {
    expect(parseTime(text, NOW)).toBe(atMs)
  })

  test.for([
    '',
    '12345678901', // eleven digits: a digit too many for seconds
    '123456789012',
    '14956707481234',
    '-1',
    '1e9',
    '0x10',
    '2026-11-20T14:05', // no zone
    '2026-11-20',
    '14:05Z',
    '2026-02-30T00:00Z',
    '2026-13-01T00:00Z',
    '2026-11-20T24:00Z',
    '2026-11-20T14:60Z',
    '2026-11-20T14:05:60Z',
    '2026-11-20T14:05+25:00',
    '5 fortnights ago',
    '-5 min ago',
    'min ago',
    '999999999 days ago', // before 1970
  ])('"%s" is refused', text => {
    expect(() => parseTime(text, NOW)).toThrow(withCode('WHOHAD_TIME_MALFORMED'))
  })

  test('in seconds, milliseconds and ISO 8601 is the same instant', () => {
    // From 2001-09-09 on, milliseconds have thirteen digits.
    fc.assert(
      fc.property(fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 }), ms => {
        const seconds = `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}`
        expect([seconds, String(ms), new Date(ms).toISOString()].map(text => parseTime(text, NOW))).toEqual([
          ms,
          ms,
          ms,
        ])
      }),
    )
  })
})

test.for(['10.1.2', '010.1.2.3', '10.1.2.3/32', '1::2::3', 'fe80::1%eth0', 'localhost', '167772161', ''])(
  'the address "%s" is refused',
  text => {
    expect(() => parseAddressText(text)).toThrow(withCode('WHOHAD_ADDRESS_MALFORMED'))
  },
)

test.for(['', '.hidden', 'a b', 'a"b', 'ünder', 'x'.repeat(129)])('the domain "%s" is refused', text => {
  expect(() => parseDomain(text)).toThrow(withCode('WHOHAD_DOMAIN_MALFORMED'))
})

test.for(['', '-1', '65536', '080', '1e3', '80.0', 'http'])('the port "%s" is refused', text => {
  expect(() => parsePort(text)).toThrow(withCode('WHOHAD_PORT_MALFORMED'))
})

test('ports go from 0 to 65535', () => {
  expect([parsePort('0'), parsePort('443'), parsePort('65535')]).toEqual([0, 443, 65_535])
})
