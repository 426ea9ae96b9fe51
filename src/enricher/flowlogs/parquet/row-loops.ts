import { ABSENT, type AddressColumn } from '../record-batch.ts'
import type { TextTable } from '../text-table.ts'
import type { TextPage } from './page.ts'
import { NO_ADDRESS, UNASKED } from './texts.ts'

// Loops over the rows of a stretch, one column each. They run for every record, hence nothing but typed arrays. `kept` are the rows that
// are gathered, undefined where these are the first `count`: of most files no row is left out.

export const isWhole = (page: TextPage): boolean => !page.hasNulls && page.texts.addresses().isWhole

export const mayBeBad = (page: TextPage): boolean => page.texts.addresses().hasBad

export function judgeAddresses(page: TextPage, place: number, rows: number, has: Uint8Array, odd: Uint8Array): void {
  const { codes } = page
  const { families } = page.texts.addresses()
  for (let row = 0; row < rows; row++) {
    const code = codes[place + row] ?? ABSENT
    const family = code < 0 ? 0 : (families[code] ?? 0)
    if (family === NO_ADDRESS) odd[row] = 1
    else if (family !== 0) has[row] = 1
  }
}

export function judgeIds(page: TextPage, place: number, rows: number, odd: Uint8Array): void {
  const { codes } = page
  const ids = page.texts.oddIds()
  if (ids.isWhole) return
  for (let row = 0; row < rows; row++) {
    const code = codes[place + row] ?? ABSENT
    if (code >= 0 && ids.odd[code] === 1) odd[row] = 1
  }
}

export function judgeOrder(
  starts: Float64Array,
  startPlace: number,
  ends: Float64Array,
  endPlace: number,
  rows: number,
  odd: Uint8Array,
): void {
  for (let row = 0; row < rows; row++) {
    const end = ends[endPlace + row] ?? ABSENT
    if (end !== ABSENT && (starts[startPlace + row] ?? ABSENT) > end) odd[row] = 1
  }
}

export function gatherAddresses(
  page: TextPage,
  place: number,
  kept: Int32Array | undefined,
  count: number,
  to: AddressColumn,
  from: number,
): void {
  const { codes } = page
  const addresses = page.texts.addresses()
  for (let i = 0; i < count; i++) {
    const code = codes[place + (kept ? (kept[i] as number) : i)] as number
    const family = code < 0 ? 0 : (addresses.families[code] as number)
    to.families[from + i] = family
    if (family === 0) continue
    const [word, out] = [code * 4, (from + i) * 4]
    to.words[out] = addresses.words[word] as number
    if (family === 4) continue
    to.words[out + 1] = addresses.words[word + 1] as number
    to.words[out + 2] = addresses.words[word + 2] as number
    to.words[out + 3] = addresses.words[word + 3] as number
  }
}

export function gatherNumbers(
  numbers: Float64Array,
  place: number,
  kept: Int32Array | undefined,
  count: number,
  to: Float64Array | Int32Array | Int16Array,
  from: number,
): void {
  if (kept === undefined) to.set(numbers.subarray(place, place + count), from)
  else for (let i = 0; i < count; i++) to[from + i] = numbers[place + (kept[i] as number)] as number
}

/** Of texts by their codes: the numbers by code, ABSENT for a row without. UNASKED ones are asked for. */
export function gatherTexts(
  page: TextPage,
  place: number,
  kept: Int32Array | undefined,
  count: number,
  table: TextTable,
  to: Int32Array,
  from: number,
): void {
  const { codes, texts } = page
  const numbers = texts.numbersIn(table)
  for (let i = 0; i < count; i++) {
    const code = codes[place + (kept ? (kept[i] as number) : i)] as number
    const number = code < 0 ? ABSENT : (numbers[code] as number)
    to[from + i] = number === UNASKED ? texts.numberAt(code, table, ABSENT) : number
  }
}
