export type PlainType = 'INT32' | 'INT64' | 'BYTE_ARRAY'

const LENGTH_BYTES = 4
const FIRST_ROOM = 4096
const TWO_TO_32 = 2 ** 32

/** Values as Parquet has them plain, one after another: what a dictionary page holds, and a page of values is put together from. */
export class PlainValues {
  bytes = Buffer.alloc(FIRST_ROOM)
  /** Where each value begins, and behind the last one where it ends. */
  begins = new Int32Array(FIRST_ROOM)

  /** In the place of those before. Whole numbers must be exact. */
  take(values: readonly (string | number)[], type: PlainType): void {
    if (this.begins.length <= values.length) this.begins = new Int32Array(2 * values.length + 1)
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
    this.bytes.writeInt32LE(length, at)
    return at + LENGTH_BYTES + length
  }

  private putNumber(value: number, type: PlainType, at: number): number {
    this.bytes.writeInt32LE(value | 0, at)
    if (type === 'INT32') return at + 4
    this.bytes.writeInt32LE(Math.floor(value / TWO_TO_32), at + 4)
    return at + 8
  }

  private makeRoom(used: number, least: number): void {
    const larger = Buffer.alloc(Math.max(2 * this.bytes.length, least))
    this.bytes.copy(larger, 0, 0, used)
    this.bytes = larger
  }
}
