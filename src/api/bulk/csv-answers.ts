import { formatAddress } from '../../ownership/address.ts'
import { isDomainName } from '../../ownership/domains.ts'
import { ownersOf } from '../../ownership/generation/look-ups.ts'
import { type Asked, questionOf } from '../asked.ts'
import { parseDomain } from '../question.ts'
import { parseTime } from '../time.ts'
import { briefOf, briefOfFact } from './brief.ts'
import { ByteSink } from './byte-sink.ts'
import { csvFields, fieldStarts } from './csv.ts'
import { answerHeader, answerTail, askedIn, type CsvLayout, errorTail, layoutOf } from './csv-layout.ts'
import type { DecidedDomains } from './deciding.ts'
import { HeldLines } from './held-lines.ts'
import { type BulkDefaults, withDefaults } from './json-answers.ts'
import { LineSplitter } from './line-splitter.ts'
import type { ManyLookUps, NamedDomain } from './look-ups.ts'
import { OwnedTails } from './owned-tails.ts'
import { ipv4In, unixTimeIn } from './read-numbers.ts'
import { SteadyMemo } from './steady-memo.ts'
import { type BulkTransform, type LineAnswers, lineError, tooLong, unreadable } from './transform.ts'

const COLUMNS_READ = 32
const MOST_KEPT = 65_536

/** Columns of what can be read from the bytes; −1 where there is none. */
type QuickColumns = { readonly ip: number; readonly at: number; readonly domain: number; readonly port: number }

/**
 * Lines of CSV with the answer's columns behind their own. IPv4 addresses at a Unix time or at the default time go through the
 * index in groups, straight from the bytes; every other line is read as text.
 */
export class CsvAnswers implements BulkTransform, LineAnswers {
  private readonly lookUps: ManyLookUps
  private readonly decided: DecidedDomains
  private readonly defaults: BulkDefaults
  private readonly defaultAtMs: number
  private readonly lines: LineSplitter
  private readonly sink = new ByteSink()
  private quick: QuickColumns | undefined
  private readonly starts = new Int32Array(COLUMNS_READ + 1)
  private readonly owned: OwnedTails
  private readonly held = new HeldLines()
  private lastDomain: { readonly bytes: Buffer; readonly named: NamedDomain } | undefined
  private readonly whole = new SteadyMemo<Buffer>()
  private readonly byWord = new Map<number, NamedDomain>()
  private columns: CsvLayout | undefined

  /**
   * @param layout Of the lines, where their first one was read elsewhere.
   * @throws WHOHAD_TIME_MALFORMED, WHOHAD_DOMAIN_MALFORMED where the defaults cannot be read
   */
  constructor(lookUps: ManyLookUps, decided: DecidedDomains, defaults: BulkDefaults, layout?: CsvLayout) {
    this.lookUps = lookUps
    this.owned = new OwnedTails(lookUps.generation.facts)
    this.decided = decided
    this.defaults = defaults
    this.defaultAtMs = defaults.at === undefined ? -1 : parseTime(defaults.at, lookUps.nowMs)
    if (defaults.domain !== undefined) parseDomain(defaults.domain)
    this.lines = new LineSplitter({
      line: (bytes, from, until) => this.line(bytes, from, until),
      tooLong: () => this.refuse(),
    })
    if (layout) this.lieAs(layout)
  }

  /** As the first line has it; undefined before that. */
  get layout(): CsvLayout | undefined {
    return this.columns
  }

  /** @throws WHOHAD_BULK_INPUT_MALFORMED where the first line is neither a header nor a question */
  take(chunk: Buffer): Buffer {
    this.lines.take(chunk)
    this.answerHeld()
    return this.sink.take()
  }

  end(): Buffer {
    this.lines.end()
    this.answerHeld()
    return this.sink.take()
  }

  /** @throws as `take` does */
  answer(lines: Buffer): Buffer {
    this.lines.take(lines)
    return this.end()
  }

  private line(bytes: Buffer, from: number, until: number): void {
    if (from === until) return
    const layout = this.layout ?? this.begin(bytes, from, until)
    if (layout === undefined) return
    this.lookUps.asked++
    if (this.quick === undefined || !this.hold(this.quick, bytes, from, until)) {
      this.answerHeld()
      this.answerText(layout, bytes.toString('utf8', from, until))
    } else if (this.held.isFull) this.answerHeld()
  }

  /** The first line; undefined where it was a header. */
  private begin(bytes: Buffer, from: number, until: number): CsvLayout | undefined {
    const layout = layoutOf(bytes.toString('utf8', from, until))
    this.lieAs(layout)
    if (!layout.hasHeader) return layout
    this.sink.part(bytes, from, until)
    this.sink.text(`${answerHeader()}\n`)
    return undefined
  }

  private lieAs(layout: CsvLayout): void {
    this.columns = layout
    this.quick = quickColumns(layout)
  }

  /** Keeps a line for its group; false where it has to be read as text. */
  private hold({ ip, at, domain, port }: QuickColumns, bytes: Buffer, from: number, until: number): boolean {
    const { starts, held } = this
    const fields = fieldStarts(bytes, from, until, starts)
    if (fields <= ip) return false
    const start = (column: number): number => starts[column] as number
    const end = (column: number): number => (starts[column + 1] as number) - 1
    const isEmpty = (column: number): boolean => column < 0 || column >= fields || start(column) === end(column)
    const word = ipv4In(bytes, start(ip), end(ip))
    if (word === undefined || !isEmpty(port)) return false
    const atMs = isEmpty(at) ? this.defaultAtMs : unixTimeIn(bytes, start(at), end(at))
    if (atMs < 0) return false
    const named = isEmpty(domain) ? this.domainOf(word) : this.domainIn(bytes, start(domain), end(domain))
    if (named === undefined || !this.lookUps.isQuick(named, atMs, atMs + 1)) return false
    held.add(bytes, from, until, word, named, atMs)
    return true
  }

  private domainIn(bytes: Buffer, from: number, until: number): NamedDomain | undefined {
    const last = this.lastDomain
    if (last !== undefined && isSame(last.bytes, bytes, from, until)) return last.named
    const name = bytes.toString('utf8', from, until)
    if (!isDomainName(name)) return undefined
    const named = this.lookUps.domain(name)
    this.lastDomain = { bytes: Buffer.from(bytes.subarray(from, until)), named }
    return named
  }

  /** Where a line names none. */
  private domainOf(word: number): NamedDomain | undefined {
    const known = this.byWord.get(word)
    if (known) return known
    let name: string
    try {
      name = this.defaults.domain ?? this.decided.of(formatAddress({ family: 4, words: [word >>> 0, 0, 0, 0] }))
    } catch {
      return undefined // read as text the line says why
    }
    if (this.byWord.size >= MOST_KEPT) this.byWord.clear()
    const named = this.lookUps.domain(name)
    this.byWord.set(word, named)
    return named
  }

  private answerHeld(): void {
    const { held, sink } = this
    if (held.count === 0) return
    ownersOf(this.lookUps.generation, held.lookUps(), held.owners)
    for (let i = 0; i < held.count; i++) {
      const bytes = held.bytes[i] as Buffer
      const [from, until] = [held.starts[i] as number, held.ends[i] as number]
      const fact = held.owners[i] as number
      const domain = held.domains[i] as NamedDomain
      sink.part(bytes, from, until)
      sink.all(domain.written)
      if (fact >= 0) this.writeOwned(fact)
      else sink.all(this.wholeTail(domain, held.words[i] as number, held.fromMs[i] as number))
    }
    held.clear()
  }

  /** By the whole question, unless it was asked while nothing changed. */
  private wholeTail(domain: NamedDomain, word: number, atMs: number): Buffer {
    const known = this.whole.find(domain.number, word, atMs, atMs + 1)
    if (known) return known
    const ip = formatAddress({ family: 4, words: [word >>> 0, 0, 0, 0] })
    const question = { ip, domain: domain.name, fromMs: atMs, untilMs: atMs + 1, nowMs: this.lookUps.nowMs }
    const tail = Buffer.from(answerTail(briefOf(this.lookUps.ask(question))))
    // Names without a number are many, and share it.
    if (domain.number > 0) this.whole.keep(domain.number, word, this.lookUps.generation.steadyAround(question), tail)
    return tail
  }

  private writeOwned(marked: number): void {
    if (this.owned.write(this.sink, marked)) return
    this.sink.text(answerTail(briefOfFact(this.lookUps.generation.facts.fact(marked), '')))
  }

  private answerText(layout: CsvLayout, line: string): void {
    this.sink.text(line)
    let asked: Asked
    try {
      asked = askedIn(csvFields(line), layout)
    } catch (error) {
      this.sink.text(errorTail(unreadable(error)))
      return
    }
    try {
      const question = questionOf(withDefaults(asked, this.defaults), this.lookUps.nowMs, ip => this.decided.of(ip))
      const fact = this.lookUps.factOf(question)
      const tail = fact >= 0 ? undefined : answerTail(briefOf(this.lookUps.ask(question)))
      this.sink.text(`,${question.domain}`)
      if (tail === undefined) this.writeOwned(fact)
      else this.sink.text(tail)
    } catch (error) {
      this.sink.text(errorTail(lineError(error)))
    }
  }

  private refuse(): void {
    this.answerHeld()
    // Its columns are as many as the others have, and empty.
    const columns = this.layout ? Math.max(0, ...this.layout.columns.values()) : 0
    this.sink.text(','.repeat(columns))
    this.sink.text(errorTail(tooLong()))
  }
}

/** Undefined where the file asks in ways that only text can be read in. */
function quickColumns({ columns }: CsvLayout): QuickColumns | undefined {
  const ip = columns.get('ip')
  if (ip === undefined || columns.has('q') || columns.has('from') || columns.has('to')) return undefined
  const at = columns.get('at') ?? -1
  return { ip, at, domain: columns.get('domain') ?? -1, port: columns.get('port') ?? -1 }
}

function isSame(known: Buffer, bytes: Buffer, from: number, until: number): boolean {
  if (until - from !== known.length) return false
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[from + i]) return false
  return true
}
