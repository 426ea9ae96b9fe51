import type { RecordBatch } from '../flowlogs/record-batch.ts'
import type { Recorder } from './recorder.ts'

/** Numbers of a row: as many as fill one line of the processor's cache, so that whoever records costs one read of memory. */
export const ROW = 16
/** The stretch in seconds. All are 0 in a row that says nothing, and no window ends as early as that. */
export const FROM = 0
export const UNTIL = 1
/** Numbers of the other texts by which it was found. */
export const ACCOUNT = 2
export const VPC = 3
export const REGION = 4
/** As in Recorder. */
export const OWN_SPACE = 5
export const REMOTE_SPACE = 6
export const FLAGS = 7
/** The address that it has, where ONE_HOST4 says so. */
export const HOST4 = 8

/** In FLAGS: IS_FINAL as in Recorder; its addresses are known; it has one IPv4 address and nothing else. */
export const IS_FINAL = 1
export const IS_KNOWN = 2
export const ONE_HOST4 = 4

/** Recorders by the number of their interface's name; −1, for none, has a row as well. */
export class RecorderRows {
  numbers = new Int32Array(0)
  /** Those that a row was written of. */
  recorders: Recorder[] = []

  /** Rows for all numbers below `size`. */
  makeRoom(size: number): void {
    const needed = (size + 1) * ROW
    if (needed <= this.numbers.length) return
    const larger = new Int32Array(needed * 2)
    larger.set(this.numbers)
    this.numbers = larger
  }

  clear(): void {
    this.numbers.fill(0)
    this.recorders = []
  }

  /** The recorder of the record at a place. */
  put(batch: RecordBatch, place: number, recorder: Recorder): void {
    const { numbers } = this
    const at = batch.interfaces[place] as number
    const row = (at + 1) * ROW
    const host4 = recorder.own?.onlyHost4
    this.recorders[at + 1] = recorder
    numbers[row + FROM] = recorder.fromSeconds
    numbers[row + UNTIL] = recorder.untilSeconds
    numbers[row + ACCOUNT] = batch.accounts[place] as number
    numbers[row + VPC] = batch.vpcs[place] as number
    numbers[row + REGION] = batch.regions[place] as number
    numbers[row + OWN_SPACE] = recorder.ownSpace
    numbers[row + REMOTE_SPACE] = recorder.remoteSpace
    numbers[row + FLAGS] =
      (recorder.isFinal ? IS_FINAL : 0) | (recorder.own ? IS_KNOWN : 0) | (host4 === undefined ? 0 : ONE_HOST4)
    numbers[row + HOST4] = host4 ?? 0
  }
}
