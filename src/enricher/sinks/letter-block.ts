import type { NativeBlock } from '../../store/native-block.ts'
import { NATIVE_TABLES } from '../../store/native-tables.ts'
import type { StoredDeadLetter } from '../../store/port.ts'

const LOW_WORD = 2 ** 32

/** Rows of the table `dead_letters` as a Native block; good until the next one is begun. */
export function letterBlock(into: NativeBlock, letters: readonly StoredDeadLetter[]): Uint8Array {
  const times = Uint32Array.from(letters.flatMap(({ atMs }) => [atMs, atMs / LOW_WORD]))
  into.begin(letters.length, NATIVE_TABLES.dead_letters.columns.length)
  into.texts(
    'origin',
    letters.map(({ origin }) => origin),
  )
  into.texts(
    'place',
    letters.map(({ place }) => place),
  )
  into.texts(
    'reason',
    letters.map(({ reason }) => reason),
  )
  into.texts(
    'sample',
    letters.map(({ sample }) => sample),
  )
  into.numbers('at_ms', 'Int64', times)
  return into.finished()
}
