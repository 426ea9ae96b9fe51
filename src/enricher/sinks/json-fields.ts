import { viewOf } from '../../ownership/ledger/text-table.ts'
import { isNumeric } from '../flowlogs/fields.ts'
import type { LineBuffer } from './line-buffer.ts'
import { eachPlainToken, isNothing, isPlainNumber, NO_VIEW } from './plain-line.ts'

const QUOTE = 34
/** What a record has beside its own fields. */
const TAKEN: ReadonlySet<string> = new Set(['source', 'destination', 'problem'])

/** The own fields of records of one format as the beginning of a JSON object, as `namedFields` has them. */
export class JsonFields {
  private readonly lines: LineBuffer
  private readonly columns: readonly string[]
  /** The names of all fields, with what stands before and behind them, and by field where its own ends there. */
  private readonly names: DataView
  private readonly ends: Int32Array
  private readonly areNumbers: Uint8Array
  private readonly isEach: boolean
  private view = NO_VIEW
  private isExact = true

  constructor(lines: LineBuffer, columns: readonly string[]) {
    this.lines = lines
    this.columns = columns
    const names = columns.map((name, i) => Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(name)}:`))
    this.names = viewOf(Buffer.concat(names))
    this.ends = new Int32Array(names.length)
    for (const [i, name] of names.entries()) this.ends[i] = (this.ends[i - 1] ?? 0) + name.length
    this.areNumbers = Uint8Array.from(columns, name => (isNumeric(name) ? 1 : 0))
    this.isEach = !columns.some(name => TAKEN.has(name))
  }

  /** Puts those of the line that begins there, if they can be put as they stand there; else nothing is put, and the answer is false. */
  put(view: DataView, at: number): boolean {
    const { lines } = this
    const begin = lines.end
    this.view = view
    this.isExact = this.isEach
    if (this.isEach && eachPlainToken(view, at, this.columns.length, this.take) && this.isExact) return true
    lines.cut(begin)
    return false
  }

  private readonly take = (field: number, begin: number, end: number): void => {
    const { lines, view } = this
    lines.copy(this.names, field === 0 ? 0 : (this.ends[field - 1] as number), this.ends[field] as number)
    if (isNothing(view, begin, end)) lines.text('null')
    else if (this.areNumbers[field] === 1) {
      this.isExact &&= isPlainNumber(view, begin, end)
      lines.copy(view, begin, end)
    } else {
      lines.letter(QUOTE)
      lines.copy(view, begin, end)
      lines.letter(QUOTE)
    }
  }
}
