import { ABSENT } from '../record-batch.ts'
import { ByteTexts } from './texts.ts'
import type { Dense } from './values.ts'

/** What stands among numbers for one that is none, is below zero, or is above what is exact. */
export const MALFORMED = -2

/** Values of the rows of one page, by row. */
export type NumberPage = {
  readonly kind: 'numbers'
  readonly rows: number
  /** ABSENT where there is none, MALFORMED where `odd` has what stands there. */
  readonly numbers: Float64Array
  readonly odd: ReadonlyMap<number, string>
  /** No number is larger; Infinity where one is MALFORMED. */
  readonly largest: number
}

export type TextPage = {
  readonly kind: 'texts'
  readonly rows: number
  /** Places in `texts`, ABSENT where a row has none. */
  readonly codes: Int32Array
  readonly hasNulls: boolean
  readonly texts: ByteTexts
}

export type Page = NumberPage | TextPage

/** Of whole numbers of a dictionary or a page, before they are dealt out to rows. */
export type Numbers = Pick<NumberPage, 'numbers' | 'odd' | 'largest'>

const LARGEST_HIGH_WORD = 0x1f_ffff

export function numbersOf(dense: Exclude<Dense, { kind: 'texts' }>, isUnsigned: boolean): Numbers {
  const odd = new Map<number, string>()
  let largest: number = ABSENT
  if (dense.kind === 'int32') {
    const { values } = dense
    const numbers = new Float64Array(values.length)
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number
      const number = isUnsigned ? value >>> 0 : value
      if (number >= 0) {
        numbers[i] = number
        if (number > largest) largest = number
      } else {
        numbers[i] = MALFORMED
        largest = Number.POSITIVE_INFINITY
        odd.set(i, String(value))
      }
    }
    return { numbers, odd, largest }
  }
  const { words } = dense
  const numbers = new Float64Array(words.length >>> 1)
  for (let i = 0; i < numbers.length; i++) {
    const high = words[i * 2 + 1] as number
    if (high >= 0 && high <= LARGEST_HIGH_WORD) {
      const number = high * 0x1_0000_0000 + ((words[i * 2] as number) >>> 0)
      numbers[i] = number
      if (number > largest) largest = number
    } else {
      numbers[i] = MALFORMED
      largest = Number.POSITIVE_INFINITY
      odd.set(i, wholeText(words[i * 2] ?? 0, high, isUnsigned))
    }
  }
  return { numbers, odd, largest }
}

const wholeText = (low: number, high: number, isUnsigned: boolean): string =>
  ((BigInt(isUnsigned ? high >>> 0 : high) << 32n) | BigInt(low >>> 0)).toString()

/** One value after another, to the rows that have one; all rows have one where `present` is left out. */
export function dealNumbers(dense: Numbers, present: Uint8Array | undefined, rows: number): NumberPage {
  if (present === undefined) return { kind: 'numbers', rows, ...dense }
  const numbers = new Float64Array(rows)
  const odd = new Map<number, string>()
  let next = 0
  for (let row = 0; row < rows; row++) {
    if (present[row] === 0) {
      numbers[row] = ABSENT
      continue
    }
    numbers[row] = dense.numbers[next] ?? ABSENT
    const text = dense.odd.size > 0 ? dense.odd.get(next) : undefined
    if (text !== undefined) odd.set(row, text)
    next++
  }
  return { kind: 'numbers', rows, numbers, odd, largest: dense.largest }
}

/** Numbers of a dictionary by the codes of the rows, ABSENT for a row without. */
export function lookUpNumbers(dictionary: Numbers, codes: Int32Array, rows: number): NumberPage {
  const numbers = new Float64Array(rows)
  const odd = new Map<number, string>()
  const { numbers: known } = dictionary
  for (let row = 0; row < rows; row++) {
    const code = codes[row] as number
    numbers[row] = code < 0 ? ABSENT : (known[code] as number)
  }
  for (let row = 0; dictionary.odd.size > 0 && row < rows; row++) {
    const text = dictionary.odd.get(codes[row] as number)
    if (text !== undefined) odd.set(row, text)
  }
  return { kind: 'numbers', rows, numbers, odd, largest: dictionary.largest }
}

/** Codes in the order of the values become codes by row, in place. */
export function spreadCodes(codes: Int32Array, present: Uint8Array | undefined, values: number, rows: number): void {
  if (present === undefined) return
  let next = values
  for (let row = rows - 1; row >= 0; row--) codes[row] = present[row] === 0 ? ABSENT : (codes[--next] ?? ABSENT)
}

/** What a reader needs of a column: numbers, texts, or to be able to show it. */
export type PageForm = 'numbers' | 'texts' | 'any'

/** A page in another form than its file has it in: some writers keep ports as text, or accounts as numbers. */
export function pageAs(page: Page, form: PageForm): Page {
  if (form === 'any' || page.kind === form) return page
  return page.kind === 'numbers' ? asTexts(page) : asNumbers(page)
}

function asTexts(page: NumberPage): TextPage {
  const { rows } = page
  const codes = new Int32Array(rows)
  const starts = new Int32Array(rows)
  const ends = new Int32Array(rows)
  const parts: string[] = []
  let at = 0
  let hasNulls = false
  for (let row = 0; row < rows; row++) {
    if (page.numbers[row] === ABSENT) {
      codes[row] = ABSENT
      hasNulls = true
      continue
    }
    const text = numberText(page, row)
    parts.push(text)
    codes[row] = row
    starts[row] = at
    at += text.length
    ends[row] = at
  }
  return { kind: 'texts', rows, codes, hasNulls, texts: new ByteTexts(Buffer.from(parts.join('')), starts, ends, rows) }
}

function asNumbers({ rows, codes, texts }: TextPage): NumberPage {
  const numbers = new Float64Array(rows)
  const odd = new Map<number, string>()
  for (let row = 0; row < rows; row++) {
    const code = codes[row] ?? ABSENT
    const text = code < 0 || texts.isAbsent(code) ? '-' : texts.textAt(code)
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (Number.isSafeInteger(number) && String(number) === text) numbers[row] = number
    else {
      numbers[row] = text === '-' ? ABSENT : MALFORMED
      if (text !== '-') odd.set(row, text)
    }
  }
  return { kind: 'numbers', rows, numbers, odd, largest: Number.POSITIVE_INFINITY }
}

const numberText = ({ numbers, odd }: NumberPage, row: number): string => {
  const number = numbers[row] ?? ABSENT
  return number >= 0 ? String(number) : number === ABSENT ? '-' : (odd.get(row) ?? '-')
}

/** What a row has in the column, as a line of text would have it; `-` for nothing. */
export function textOfRow(page: Page, row: number): string {
  if (page.kind === 'numbers') return numberText(page, row)
  const code = page.codes[row] ?? ABSENT
  return code < 0 || page.texts.isAbsent(code) ? '-' : page.texts.textAt(code)
}
