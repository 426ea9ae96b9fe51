import { expect, test } from 'vitest'
import { decideDomain } from '../../src/api/domain.ts'
import { parseAddressText } from '../../src/api/question.ts'
import { sourceView } from '../support/answers.ts'

const sources = [
  sourceView('a', [
    ['prod', '10.1.0.0/16'],
    ['prod', '10.9.0.0/16'],
    ['prod', 'fd00::/8'],
    ['inet.0', '0.0.0.0/0'],
  ]),
  sourceView('b', [['lab', '10.1.0.0/16']]),
  sourceView('c', [['prod', '10.9.0.0/24']]),
]
const decide = (ip: string) => decideDomain(parseAddressText(ip), sources)

test('a public address belongs to the internet, by its family', () => {
  expect(decide('52.11.120.97')).toBe('inet.0')
  expect(decide('2001:db8::1')).toBe('inet6.0')
})

test('a private address that one domain alone covers is in that domain', () => {
  expect(decide('10.9.0.1')).toBe('prod')
  expect(decide('fd00::1')).toBe('prod')
})

test('a private address that several domains cover needs a name, and they are listed', () => {
  expect(() => decide('10.1.2.3')).toThrow(
    expect.objectContaining({ code: 'WHOHAD_DOMAIN_NEEDED', message: expect.stringMatching(/have it: lab, prod\./) }),
  )
})

test('a private address that nobody covers needs a name, and the known ones are listed', () => {
  expect(() => decide('192.168.0.1')).toThrow(
    expect.objectContaining({ code: 'WHOHAD_DOMAIN_NEEDED', message: expect.stringMatching(/known are lab, prod\./) }),
  )
  expect(() => decideDomain(parseAddressText('192.168.0.1'), [])).toThrow(/No private domain is known yet/)
})
