import { formatAddress } from '../../ownership/address.ts'
import type { NativeBlock } from '../../store/native-block.ts'
import { type AddressColumn, ipAt } from '../flowlogs/record-batch.ts'

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

  put(row: number, column: AddressColumn, place: number): void {
    const family = column.families[place]
    if (family === 4) this.words[row] = column.words[place * 4] as number
    else this.others.set(row, family === 6 ? ipAt(column, place) : '')
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
