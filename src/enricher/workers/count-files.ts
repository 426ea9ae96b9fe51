import { openFlowFile } from '../flowlogs/files.ts'
import { BatchReader } from '../flowlogs/read-batches.ts'
import { AnswerCounts, type VerdictCount } from '../join/answer-counts.ts'
import { type JoinerSetup, joinerOf } from '../join/joiner-setup.ts'
import type { ObjectHandler } from './handler.ts'

export type CountSetup = JoinerSetup & { readonly format?: string | undefined }

export type FileCount = {
  readonly records: number
  readonly withoutTime: number
  /** Lines that are no records: NODATA, SKIPDATA, and those that could not be read. */
  readonly others: number
  readonly counts: readonly VerdictCount[]
}

/** Reads whole files of flow logs, answers their records, and counts the answers: nothing else leaves the thread. */
export function openHandler({ format, ...setup }: CountSetup): ObjectHandler<string, FileCount> {
  const joiner = joinerOf(setup)
  const reader = new BatchReader({ format, withTokens: false, inflating: 'here' })
  return {
    async handle(path, signal) {
      joiner.startObject()
      const counts = new AnswerCounts()
      let others = 0
      const bytes = await openFlowFile(path)
      for await (const batch of reader.read(bytes, path)) {
        signal.throwIfAborted()
        others += batch.others.length
        counts.add(joiner.answer(batch))
      }
      const { records, withoutTime } = counts
      return { records, withoutTime, others, counts: counts.counts() }
    },
  }
}
