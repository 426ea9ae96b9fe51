import type { AnnotateSummary } from '../annotate.ts'
import { partsOfKey } from '../flowlogs/object-ref.ts'
import type { Inflating } from '../flowlogs/open-flow-log.ts'
import type { RejectionReason } from '../flowlogs/parse.ts'
import { BatchReader } from '../flowlogs/read-batches.ts'
import { AnswerCounts } from '../join/answer-counts.ts'
import type { Joiner } from '../join/joiner.ts'
import { type JoinerSetup, joinerOf } from '../join/joiner-setup.ts'
import type { RowSink } from '../sinks/port.ts'
import { createTally } from '../tally.ts'

export type AnnotatorSetup = JoinerSetup & {
  /** Field names of an object without header. */
  readonly format?: string | undefined
  readonly inflating: Inflating
}

/** Answers whole objects, on an index that stands still meanwhile, into sinks. */
export class ObjectAnnotator {
  private readonly joiner: Joiner
  private readonly reader: BatchReader

  constructor(setup: AnnotatorSetup) {
    const { format, inflating } = setup
    this.joiner = joinerOf(setup, { wantsClaims: true })
    this.reader = new BatchReader({ format, inflating })
  }

  /** Writes one object, and counts it; the sink is not finished. Throws what reading, the sink and the signal throw. */
  async annotate(
    name: string,
    bytes: AsyncIterable<Uint8Array>,
    sink: RowSink,
    signal?: AbortSignal,
  ): Promise<AnnotateSummary> {
    const counts = new AnswerCounts()
    const statuses = createTally<'NODATA' | 'SKIPDATA'>()
    const rejections = createTally<RejectionReason>()
    this.joiner.startObject(partsOfKey(name)?.region)
    for await (const batch of this.reader.read(bytes, name)) {
      signal?.throwIfAborted()
      for (const other of batch.others) {
        if (other.kind === 'skipped') statuses.add(other.status)
        else rejections.add(other.reason)
      }
      const joined = this.joiner.answer(batch)
      counts.add(joined)
      await sink.write(joined)
    }
    return {
      records: counts.records,
      withoutTime: counts.withoutTime,
      noData: statuses.of('NODATA'),
      skipData: statuses.of('SKIPDATA'),
      rejected: Object.fromEntries(rejections.entries()),
      states: counts.counts(),
    }
  }
}
