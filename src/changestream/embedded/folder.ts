import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { changestreamErrors } from '../errors.ts'
import { Wakeup } from '../wakeup.ts'
import type { Carried, Segment } from './manifest.ts'

/** A reading under way, and the files that it began with. */
export type Reading = {
  readonly first: number
  readonly carried: Carried | undefined
  readonly segments: readonly Segment[]
  /** Offset of what it reads next. */
  offset: number
}

type LetGo = { readonly before: number; readonly files: readonly string[] }

/** What the log's folder holds, as its writer and its readers share it. */
export class LogFolder {
  readonly path: string
  readonly grown = new Wakeup()
  carried: Carried | undefined
  /** In order, without a gap. The writer alone changes them. */
  segments: Segment[]
  closed = false
  private readonly readings = new Set<Reading>()
  private letGo: LetGo[] = []

  constructor(path: string, segments: readonly Segment[], carried: Carried | undefined) {
    this.path = path
    this.segments = [...segments]
    this.carried = carried
  }

  /** The first offset from which every record is there. */
  get first(): number {
    return this.segments[0]?.firstOffset ?? 0
  }

  /** One past the last durable record. */
  get end(): number {
    const last = this.segments.at(-1)
    return last ? last.firstOffset + last.records : 0
  }

  /** @throws WHOHAD_STREAM_CLOSED */
  refuseIfClosed(): void {
    if (this.closed) throw changestreamErrors.closed({ where: this.path })
  }

  begin(offset: number): Reading {
    const reading = { first: this.first, carried: this.carried, segments: [...this.segments], offset }
    this.readings.add(reading)
    return reading
  }

  /** The segment with this offset, also where it was let go of since the reading began. */
  segmentAt({ segments, offset }: Reading): Segment {
    const held = offset >= this.first ? this.segments : segments
    return held.findLast(({ firstOffset }) => firstOffset <= offset) as Segment
  }

  async endReading(reading: Reading): Promise<void> {
    this.readings.delete(reading)
    await this.removeUnread()
  }

  /** From now on readings begin with what is carried and the segments from `before` on. */
  replaceBeginning(before: number, carried: Carried): void {
    const gone = this.segments.filter(({ firstOffset }) => firstOffset < before)
    this.letGo.push({ before, files: [this.carried, ...gone].flatMap(part => (part ? [part.file] : [])) })
    this.segments = this.segments.filter(({ firstOffset }) => firstOffset >= before)
    this.carried = carried
  }

  /** Removes files that were let go of, once no reading that began before has them ahead. */
  async removeUnread(): Promise<void> {
    const isWanted = ({ before }: LetGo) =>
      [...this.readings].some(reading => reading.first < before && reading.offset < before)
    const removable = this.letGo.filter(one => !isWanted(one))
    this.letGo = this.letGo.filter(isWanted)
    for (const { files } of removable) {
      for (const file of files) await rm(join(this.path, file), { force: true })
    }
  }
}
