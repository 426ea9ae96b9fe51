import type { DomainRule } from '../../ownership/domains.ts'
import { StandingIndex } from '../../ownership/standing-index.ts'
import type { Millis } from '../../ownership/window.ts'
import { WhohadError } from '../../runtime/errors.ts'
import type { FlowObject, StoredGap } from '../../store/port.ts'
import type { AnnotateSummary } from '../annotate.ts'
import type { LookUps } from '../attribute.ts'
import { domainsOfRecord } from '../domain-of-record.ts'
import { partsOfKey } from '../flowlogs/object-ref.ts'
import { isNoFlowLog } from '../flowlogs/read.ts'
import { gapOf } from '../gap.ts'
import type { AnsweredBatch } from '../join/answered-batch.ts'
import { scratchOut } from '../sinks/byte-out.ts'
import { clickhouseSink, FlowBlocks } from '../sinks/clickhouse-sink.ts'
import type { RowSink } from '../sinks/port.ts'
import type { ObjectHandler } from '../workers/handler.ts'
import { type BatchInput, InputReader } from './inputs.ts'
import { type AnnotatorSetup, ObjectAnnotator } from './object-annotator.ts'
import { StagedLetters } from './staged-letters.ts'

export type StageSetup = AnnotatorSetup & {
  /** Before this instant all answers are final (`settledUntilMs` of look-ups.ts). */
  readonly settledUntilMs: Millis
}

export type StageTask = {
  readonly input: BatchInput
  /** As it is begun. */
  readonly manifest: FlowObject
  /** Paths of files, which are made where there is something to write. */
  readonly rows: string
  readonly hours: string
  readonly letters: string
}

/** What one object comes to, in files that the store has not taken yet. */
export type Staged = {
  /** Undefined where the object is no flow log. */
  readonly counts: AnnotateSummary | undefined
  /** Why it is none. */
  readonly refusal: string | undefined
  /** Whether its sums by hour are in a file; else they are too many, and left to the store. */
  readonly isAddedUp: boolean
  /** Where the log itself has no records: few beside its records, and so in no file. */
  readonly gaps: readonly StoredGap[]
  /** To be committed once the files are stored. */
  readonly committed: Pick<FlowObject, 'records' | 'skipped' | 'deadLetters' | 'openRecords' | 'newestEndMs'>
}

/**
 * Answers an object into files that the store takes whole: rows and dead letters, as `writeObject` writes them, and sums by
 * hour, as the store makes them of the rows. So the work is done in threads, of which the embedded engine bears none.
 */
export function openHandler(setup: StageSetup): ObjectHandler<StageTask, Staged> {
  const annotator = new ObjectAnnotator(setup)
  const reader = new InputReader()
  const blocks = new FlowBlocks()
  const index = new StandingIndex(setup.standing)
  return {
    async handle({ input, manifest, rows, hours, letters }, signal) {
      const sink = clickhouseSink({ rows: scratchOut(rows), hours: scratchOut(hours) }, blocks, manifest)
      const staged = new StagedLetters(scratchOut(letters), manifest)
      const times = new Times(setup.settledUntilMs)
      const gaps: StoredGap[] = []
      const lookUps = interfacesOf(index, setup.rules, partsOfKey(input.name)?.region)
      const looking: RowSink = {
        ...sink,
        async write(answered) {
          times.take(answered)
          await staged.take(answered)
          gaps.push(...gapsOf(answered, manifest, lookUps))
          await sink.write(answered)
        },
      }
      try {
        const bytes = await reader.open(input, signal)
        const done = await annotator.annotate(input.name, bytes, looking, { signal }).catch(refused)
        const refusal = done instanceof WhohadError ? done : undefined
        if (refusal) await staged.refuse(refusal)
        const counts = done instanceof WhohadError ? undefined : done
        const { records, isAddedUp } = await sink.finish()
        const deadLetters = await staged.finish()
        const { openRecords, newestEndMs } = times
        const skipped = counts ? counts.noData + counts.skipData : 0
        const committed = { records, skipped, deadLetters, openRecords, newestEndMs }
        return { counts, refusal: refusal && `${refusal.code}: ${refusal.message}`, isAddedUp, gaps, committed }
      } catch (error) {
        await sink.abort()
        await staged.abort()
        throw error
      }
    },
  }
}

type Interfaces = Pick<LookUps, 'interfaceDuring' | 'domainsOf'>

const interfacesOf = (index: StandingIndex, rules: readonly DomainRule[], region: string | undefined): Interfaces => ({
  interfaceDuring: (eni, window) => index.interfaceDuring(eni, window),
  domainsOf: (record, view, window) => domainsOfRecord(record, view, window, rules, region),
})

function gapsOf({ batch }: AnsweredBatch, { objectId, generation }: FlowObject, lookUps: Interfaces): StoredGap[] {
  return batch.others.flatMap(other =>
    other.kind === 'skipped' ? [{ objectId, generation, ...gapOf(other, batch.columns, lookUps) }] : [],
  )
}

/** What is wrong with the object itself will be wrong tomorrow: it becomes a dead letter, as in the live path. */
function refused(error: unknown): WhohadError {
  if (isNoFlowLog(error)) return error
  throw error
}

/** Of the records that were answered: up to when there are any, and how many a later poll may still answer otherwise. */
class Times {
  openRecords = 0
  newestEndMs = Number.NEGATIVE_INFINITY
  private readonly settledSeconds: number

  constructor(settledUntilMs: Millis) {
    this.settledSeconds = settledUntilMs / 1000
  }

  take({ batch: { count, endSeconds }, isAnswered }: AnsweredBatch): void {
    let newest = Number.NEGATIVE_INFINITY
    for (let place = 0; place < count; place++) {
      if (isAnswered[place] === 0) continue
      const until = (endSeconds[place] as number) + 1
      if (until > newest) newest = until
      if (until > this.settledSeconds) this.openRecords++
    }
    this.newestEndMs = Math.max(this.newestEndMs, newest * 1000)
  }
}
