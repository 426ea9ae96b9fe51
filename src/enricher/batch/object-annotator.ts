import type { AnnotateSummary } from '../annotate.ts'
import { partsOfKey } from '../flowlogs/object-ref.ts'
import type { Inflating } from '../flowlogs/open-flow-log.ts'
import type { RejectionReason } from '../flowlogs/parse.ts'
import { BatchReader } from '../flowlogs/read-batches.ts'
import { AnswerCounts } from '../join/answer-counts.ts'
import type { JoinedBatch } from '../join/joined-batch.ts'
import type { Joiner } from '../join/joiner.ts'
import { type JoinerSetup, joinerOf } from '../join/joiner-setup.ts'
import type { RowSink } from '../sinks/port.ts'
import { createTally } from '../tally.ts'

export type AnnotatorSetup = JoinerSetup & {
  /** Field names of an object without header. */
  readonly format?: string | undefined
  readonly inflating: Inflating
}

/** What became of the lines of an object, or of as much of it as could be read. */
export class ObjectCounts {
  private readonly answers = new AnswerCounts()
  private readonly statuses = createTally<'NODATA' | 'SKIPDATA'>()
  private readonly rejections = createTally<RejectionReason>()

  add(joined: JoinedBatch): void {
    for (const other of joined.batch.others) {
      if (other.kind === 'skipped') this.statuses.add(other.status)
      else this.rejections.add(other.reason)
    }
    this.answers.add(joined)
  }

  summary(): AnnotateSummary {
    const { answers, statuses, rejections } = this
    return {
      records: answers.records,
      withoutTime: answers.withoutTime,
      noData: statuses.of('NODATA'),
      skipData: statuses.of('SKIPDATA'),
      rejected: Object.fromEntries(rejections.entries()),
      states: answers.counts(),
    }
  }
}

export type AnnotateOptions = { readonly signal?: AbortSignal | undefined; readonly counts?: ObjectCounts }

/** Answers whole objects, on an index that stands still meanwhile, into sinks. */
export class ObjectAnnotator {
  private readonly joiner: Joiner
  private readonly reader: BatchReader

  constructor(setup: AnnotatorSetup) {
    const { format, inflating } = setup
    this.joiner = joinerOf(setup, { wantsClaims: true })
    this.reader = new BatchReader({ format, inflating })
  }

  /**
   * Writes one object; the sink is not finished. Returns `counts`, which are new ones unless given. Throws what reading, the sink and
   * the signal throw: what came before is written and counted by then.
   */
  async annotate(
    name: string,
    bytes: AsyncIterable<Uint8Array>,
    sink: RowSink,
    { signal, counts = new ObjectCounts() }: AnnotateOptions = {},
  ): Promise<AnnotateSummary> {
    this.joiner.startObject(partsOfKey(name)?.region)
    for await (const batch of this.reader.read(bytes, name)) {
      signal?.throwIfAborted()
      const joined = this.joiner.answer(batch)
      await sink.write(joined)
      counts.add(joined)
    }
    return counts.summary()
  }
}
