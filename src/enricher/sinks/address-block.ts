import { formatAddress } from '../../ownership/address.ts'
import type { NativeBlock } from '../../store/native-block.ts'
import type { AddressColumn } from '../flowlogs/record-batch.ts'

/** A column of addresses: words as long as all of them are IPv4, which the engine makes texts of at less cost. */
export class Addresses {
  private readonly words: Uint32Array
  /** By row: those of IPv6, and the empty text where there is none. */
  private readonly others = new Map<number, string>()

  constructor(capacity: number) {
    this.words = new Uint32Array(capacity)
  }

  begin(): void {
    this.others.clear()
  }

  put(row: number, { families, words }: AddressColumn, place: number): void {
    const at = place * 4
    if (families[place] === 4) this.words[row] = words[at] as number
    else this.others.set(row, families[place] === 6 ? textOf6(words, at) : '')
  }

  encode(into: NativeBlock, name: string, rows: number): void {
    const { others, words } = this
    if (others.size === 0) {
      into.numbers(name, 'IPv4', words)
      return
    }
    const textAt = (_: unknown, row: number): string => others.get(row) ?? textOf4(words[row] as number)
    into.texts(name, Array.from({ length: rows }, textAt))
  }
}

const textOf4 = (word: number): string => formatAddress({ family: 4, words: [word, 0, 0, 0] })

function textOf6(words: Int32Array, at: number): string {
  const word = (i: number) => (words[at + i] as number) >>> 0
  return formatAddress({ family: 6, words: [word(0), word(1), word(2), word(3)] })
}
