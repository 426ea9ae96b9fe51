import { changestreamErrors } from '../changestream/errors.ts'
import type { DomainRule } from '../ownership/domains.ts'
import type { SourceView } from '../ownership/ownership-index.ts'
import type { ReachTable } from '../ownership/reach.ts'
import type { Clock } from '../runtime/clock.ts'
import { WhohadError } from '../runtime/errors.ts'
import type { AttributedFlow, FlowObject, Store } from '../store/port.ts'
import { type FlowObjectRef, objectIdOf, objectName, partsOfKey } from './flowlogs/object-ref.ts'
import type { FlowRecord } from './flowlogs/parse.ts'
import { lookUpsOn } from './look-ups.ts'
import { type AnsweredLines, type Answering, answeredLines } from './object-answers.ts'
import { type Generation, TakenOver, type WritingContext, writeObject } from './object-writing.ts'
import type { ObjectResult } from './outcome.ts'
import { ObjectSightings } from './sightings/object-sightings.ts'
import type { PublishedSightings } from './sightings/published-sightings.ts'
import type { IndexView, PinnedIndex } from './view.ts'

export type ObjectContext = Answering &
  WritingContext & {
    readonly view: IndexView
    readonly store: Store
    readonly rules: readonly DomainRule[]
    readonly reach?: ReachTable | undefined
    /** Rows kept in memory until it is known whether an object may leave; a larger object is answered once more for that. */
    readonly mostRowsKept?: number
    /** Told of an object that has to wait: some of its rows, open ones among them, and the sources as they were then. */
    readonly onOpen?: ((rows: readonly AttributedFlow[], sources: readonly SourceView[]) => void) | undefined
    /** Where flow sightings go; left out where flows are to show nothing. */
    readonly published?: PublishedSightings | undefined
  }

const MOST_ROWS_KEPT = 100_000
const FIRST_GENERATION = 1

/**
 * Reads one flow log object, answers both ends of each record, and writes rows, dead letters and manifest. Everything that
 * the rows depend on is fixed before the first one is written: the position of the change stream and the time of asking
 * are in the `started` manifest, and an attempt that finds one joins at it again. So any number of attempts write the same
 * rows under the same identities. Errors of `open`, of the bytes and of the store are thrown, and leave the object
 * uncommitted.
 */
export async function processObject(
  object: FlowObjectRef,
  context: ObjectContext,
  signal?: AbortSignal,
): Promise<ObjectResult> {
  return begun(object, context, signal, (one, pinned) =>
    writeAgreed(object, one, pinned, one.answers(), context, signal),
  )
}

/**
 * The same, once no later poll can change any answer (design.md §6, "Hold-back"), and once what its own flows show of the claims
 * is among them. Until then nothing of the object is written, nothing kept, and the result is undefined. One that was begun
 * before goes on whatever the sources say.
 */
export async function processSettledObject(
  object: FlowObjectRef,
  context: ObjectContext,
  signal?: AbortSignal,
): Promise<ObjectResult | undefined> {
  return begun(object, context, signal, async (one, pinned) => {
    const { answers, isNew, sightings } = one
    const write = (rows: Parameters<typeof writeObject>[2]) => writeAgreed(object, one, pinned, rows, context, signal)
    if (!isNew) return write(answers())
    const { published } = context
    const objectId = objectIdOf(object)
    if (published?.awaits(objectId, one.manifest.position)) return undefined
    const seen = published && sightings()
    const settled = await settledAnswers(
      answers(record => seen?.take(record)),
      ({ rows }) => context.onOpen?.(rows, one.sources()),
      context.mostRowsKept ?? MOST_ROWS_KEPT,
    )
    if (settled === undefined) return undefined
    const shown = seen?.claims() ?? []
    if (shown.length > 0) {
      await published?.publish(objectId, shown)
      context.report.sightingsPublished({ object: objectName(object), claims: shown.length })
      return undefined
    }
    published?.forget(objectId)
    return write(settled === 'not kept' ? answers() : settled)
  })
}

/**
 * Two processes may begin one object at the same time, each at a position of its own: two messages name it, say. What stands in
 * the end is one manifest, and whoever finds that it is not his own writes that one's rows over his.
 */
export async function writeAgreed(
  object: FlowObjectRef,
  begun: Begun,
  pinned: PinnedIndex,
  answers: Parameters<typeof writeObject>[2],
  context: ObjectContext,
  signal: AbortSignal | undefined,
): Promise<ObjectResult> {
  let written = await writeObject(object, begun, answers, context)
  while (written instanceof TakenOver) {
    const theirs = await begin(object, written.standing, pinned, context, signal)
    written = await writeObject(object, theirs, theirs.answers(), context)
  }
  return written
}

/** A generation of an object that is to be written. */
export type Begun = Generation & {
  /** Whether nobody has begun to write it before. */
  readonly isNew: boolean
  /** As often as it is asked for, the same. */
  readonly answers: (onRecord?: (record: FlowRecord) => void) => AsyncGenerator<AnsweredLines>
  /** To be told of all records. */
  readonly sightings: () => ObjectSightings
  /** As the index has them that it is joined at. */
  readonly sources: () => readonly SourceView[]
}

async function begun<T>(
  object: FlowObjectRef,
  context: ObjectContext,
  signal: AbortSignal | undefined,
  work: (begun: Begun, pinned: PinnedIndex) => Promise<T>,
): Promise<T | ObjectResult> {
  const found = await context.store.findObject(objectIdOf(object))
  if (found?.state === 'committed') return { object: found, written: false, rejected: [] }
  return context.view.pin(async pinned => work(await resume(object, found, pinned, context, signal), pinned))
}

/** What was begun so long ago that retention has let go of its position was never committed: a new generation takes its place. */
async function resume(
  object: FlowObjectRef,
  found: FlowObject | undefined,
  pinned: PinnedIndex,
  context: ObjectContext,
  signal: AbortSignal | undefined,
): Promise<Begun> {
  try {
    return await begin(object, found ?? FIRST_GENERATION, pinned, context, signal)
  } catch (error) {
    const isGone = error instanceof WhohadError && error.code === changestreamErrors.positionGone.code
    if (!isGone || found === undefined) throw error
    return begin(object, found.generation + 1, pinned, context, signal)
  }
}

/**
 * What was `started` goes on at the position that its manifest pins, whatever has come since; a number begins a generation as
 * things are known now.
 */
export async function begin(
  object: FlowObjectRef,
  started: FlowObject | number,
  { index, position }: PinnedIndex,
  context: ObjectContext,
  signal: AbortSignal | undefined,
): Promise<Begun> {
  const isNew = typeof started === 'number'
  const manifest = isNew ? startedManifest(object, { generation: started, position }, context.clock) : started
  const isBehind = manifest.position.some((offset, partition) => offset !== position[partition])
  const joined = isBehind ? await context.view.at(manifest.position) : index
  const regionOfObject = partsOfKey(object.key)?.region
  const lookUps = lookUpsOn(joined, context.rules, { regionOfObject, reach: context.reach })
  const answers: Begun['answers'] = onRecord => answeredLines(object, manifest, lookUps, context, signal, onRecord)
  const { slackMs } = context
  const sightings = () => new ObjectSightings({ objectId: manifest.objectId, slackMs, index: joined })
  return { manifest, isBehind, isNew, answers, sightings, sources: () => joined.sources() }
}

function startedManifest(
  object: FlowObjectRef,
  { generation, position }: Pick<FlowObject, 'generation' | 'position'>,
  clock: Clock,
): FlowObject {
  const { bucket, key, etag } = object
  const counts = { records: 0, skipped: 0, deadLetters: 0, openRecords: 0, newestEndMs: Number.NEGATIVE_INFINITY }
  const objectId = objectIdOf(object)
  return { objectId, bucket, key, etag, generation, state: 'started', position, ...counts, updatedAtMs: clock.now() }
}

/** All answers, where none of them may change any more and they are few enough; undefined where one may, and those with it are told. */
async function settledAnswers(
  answers: AsyncIterable<AnsweredLines>,
  tell: (open: AnsweredLines) => void,
  mostRows: number,
): Promise<readonly AnsweredLines[] | 'not kept' | undefined> {
  let kept: AnsweredLines[] | undefined = []
  let rows = 0
  for await (const lines of answers) {
    if (lines.openRows > 0) {
      tell(lines)
      return undefined
    }
    rows += lines.rows.length
    if (rows > mostRows) kept = undefined
    kept?.push(lines)
  }
  return kept ?? 'not kept'
}
