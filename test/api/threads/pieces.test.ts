import { describe, expect, test } from 'vitest'
import { TextPieces } from '../../../src/api/annotate/text-pieces.ts'
import { LinePieces } from '../../../src/api/bulk/line-pieces.ts'
import { type Cutter, LONGEST_LINE_BYTES } from '../../../src/api/bulk/transform.ts'
import { WaitingLines } from '../../../src/api/threads/waiting-lines.ts'

const cut = (cutter: Cutter, ...chunks: readonly string[]): readonly string[] =>
  [...chunks.map(chunk => cutter.take(Buffer.from(chunk))), cutter.end()].map(String)

describe('a text is cut', () => {
  test('behind ends of lines, and what is left comes at the end', () => {
    for (const cutter of [new LinePieces(), new TextPieces()]) {
      expect(cut(cutter, 'a', 'b\nc', '\r', '\n\n', 'd\ne\nf')).toEqual(['', 'ab\n', '', 'c\r\n\n', 'd\ne\n', 'f'])
      expect(String(cutter.end())).toBe('')
    }
  })

  test('with as much of a line that is too long as shows that it is', () => {
    const [longest, half] = ['x'.repeat(LONGEST_LINE_BYTES), 'x'.repeat(LONGEST_LINE_BYTES / 2)]
    expect(cut(new LinePieces(), longest)[1]).toBe(longest)
    expect(cut(new LinePieces(), `${longest}x`)[1]?.length).toBe(LONGEST_LINE_BYTES + 1)
    expect(cut(new LinePieces(), half, half, half, half).at(-1)?.length).toBe(LONGEST_LINE_BYTES + 1)
    expect(cut(new LinePieces(), half, half, half, `${half}\ny`).map(({ length }) => length)).toEqual([
      0,
      0,
      0,
      LONGEST_LINE_BYTES * 1.5 + 2,
      1,
    ])
  })

  test('at a blank where a line of any text is too long to be kept', () => {
    const y = 'y'.repeat(66_000)
    expect(cut(new TextPieces(), `a ${y}`, ' b c\n')).toEqual(['a ', `${y} b c\n`, ''])
  })
})

test('lines wait for more behind whole lines only, and not for too much', () => {
  const waiting = new WaitingLines()
  const added = (text: string) => {
    waiting.add(Buffer.from(text))
    return waiting.isFull
  }
  expect(waiting.isFull).toBe(false)
  expect([added('a\n'), added('b\n'), added('part of ')]).toEqual([false, false, true])
  expect(Buffer.from(waiting.take()).toString()).toBe('a\nb\npart of ')
  expect([waiting.bytes, waiting.isFull]).toEqual([0, false])
  expect([added(`${'x'.repeat(20_000)}\n`), added(`${'x'.repeat(20_000)}\n`)]).toEqual([false, true])
})
