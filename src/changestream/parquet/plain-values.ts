import { viewOf } from '../../ownership/ledger/text-table.ts'

export type PlainType = 'INT32' | 'INT64' | 'BYTE_ARRAY'

/** Values one after another as Parquet has them plain: what a dictionary page holds, and a page of values is put together from. */
export type Plain = {
  readonly bytes: Uint8Array
  /** Where each value begins, and behind the last one where it ends. */
  readonly begins: Int32Array
  readonly size: number
}

/** Before each text stands its length. */
export const LENGTH_BYTES = 4
const FIRST_ROOM = 4096
const TWO_TO_32 = 2 ** 32

/** Makes values plain, those of one column after those of another in the same memory. */
export class PlainValues implements Plain {
  bytes = Buffer.alloc(FIRST_ROOM)
  begins = new Int32Array(FIRST_ROOM)
  size = 0
  private view = viewOf(this.bytes)

  /** In the place of those before. Whole numbers must be exact. */
  take(values: ArrayLike<string | number>, type: PlainType): void {
    const { length } = values
    if (this.begins.length <= length) this.begins = new Int32Array(2 * length + 1)
    this.size = length
    if (values instanceof Float64Array) this.takeNumbers(values, type)
    else this.takeMixed(values, type)
  }

  private takeNumbers(values: Float64Array, type: PlainType): void {
    const width = type === 'INT32' ? 4 : 8
    const end = values.length * width
    if (end > this.bytes.length) this.makeRoom(0, end)
    const { begins, view } = this
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number
      const at = i * width
      begins[i] = at
      view.setInt32(at, value | 0, true)
      if (width === 8) view.setInt32(at + 4, Math.floor(value / TWO_TO_32), true)
    }
    begins[values.length] = end
  }

  private takeMixed(values: ArrayLike<string | number>, type: PlainType): void {
    let end = 0
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as string | number
      this.begins[i] = end
      // No more bytes than three for a code unit of UTF-16.
      const most = typeof value === 'string' ? LENGTH_BYTES + 3 * value.length : 8
      if (end + most > this.bytes.length) this.makeRoom(end, end + most)
      end = typeof value === 'string' ? this.putText(value, end) : this.putNumber(value, type, end)
    }
    this.begins[values.length] = end
  }

  private putText(text: string, at: number): number {
    const length = this.bytes.write(text, at + LENGTH_BYTES)
    this.view.setInt32(at, length, true)
    return at + LENGTH_BYTES + length
  }

  private putNumber(value: number, type: PlainType, at: number): number {
    this.view.setInt32(at, value | 0, true)
    if (type === 'INT32') return at + 4
    this.view.setInt32(at + 4, Math.floor(value / TWO_TO_32), true)
    return at + 8
  }

  private makeRoom(used: number, least: number): void {
    const larger = Buffer.alloc(Math.max(2 * this.bytes.length, least))
    this.bytes.copy(larger, 0, 0, used)
    this.bytes = larger
    this.view = viewOf(larger)
  }
}
