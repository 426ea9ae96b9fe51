import { describe, expect, test } from 'vitest'
import { hostDirectory } from '../../../src/ownership/generation/host-directory.ts'

const packed = (domain: number, lookBack: number, count: number) => (domain << 16) | (lookBack << 12) | count

describe('the directory of hosts', () => {
  test('finds every IPv4 host it was given in its domain, and no other', () => {
    const words = Array.from({ length: 5000 }, (_, i) => Math.imul(i, 0x9e3779b1) | 0)
    const entries = words.flatMap((word, i) => [word, i * 10, packed(1 + (i % 3), 1, 10)])
    const directory = hostDirectory(Int32Array.from(entries), 1)
    for (const [i, word] of words.entries()) {
      const entry = directory.find(1 + (i % 3), word, 0, 0, 0)
      expect([directory.firstRow(entry), directory.count(entry), directory.lookBack(entry)]).toEqual([i * 10, 10, 1])
      expect(directory.find(1 + ((i + 1) % 3), word, 0, 0, 0)).toBe(-1)
    }
    expect(directory.find(1, 12_345, 0, 0, 0)).toBe(-1)
  })

  test('compares all four words of an IPv6 host', () => {
    const directory = hostDirectory(Int32Array.from([1, 2, 3, -4, 7, packed(9, 0, 1)]), 4)
    expect(directory.keyOf(directory.find(9, 1, 2, 3, -4))).toEqual({ domain: 9, words: [1, 2, 3, 0xfffffffc] })
    for (const [a, b, c, d] of [
      [0, 2, 3, -4],
      [1, 0, 3, -4],
      [1, 2, 0, -4],
      [1, 2, 3, 4],
    ] as const) {
      expect(directory.find(9, a, b, c, d)).toBe(-1)
    }
  })

  test('holds 0.0.0.0 and 255.255.255.255, and the highest domain', () => {
    const directory = hostDirectory(Int32Array.from([0, 1, packed(0xffff, 0, 1), -1, 2, packed(0xffff, 15, 0xfff)]), 1)
    expect(directory.firstRow(directory.find(0xffff, 0, 0, 0, 0))).toBe(1)
    const last = directory.find(0xffff, -1, 0, 0, 0)
    expect([directory.firstRow(last), directory.count(last), directory.lookBack(last)]).toEqual([2, 0xfff, 15])
    expect([...directory.entries()]).toHaveLength(2)
  })

  test('that holds nobody finds nobody', () => {
    expect(hostDirectory(new Int32Array(0), 4).find(1, 0, 0, 0, 0)).toBe(-1)
  })
})
