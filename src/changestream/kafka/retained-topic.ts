import { EncodedChange } from '../encoded-change.ts'
import { changestreamErrors } from '../errors.ts'
import type { LoggedChange, ReadOptions } from '../port.ts'
import { type Floors, isOld } from '../retention/old-claims.ts'
import type { CarriedTopic, PlacedHead } from './carried-topic.ts'
import { isWhole } from './forgetting.ts'
import { fetchOffsets } from './offsets.ts'
import { readKafka } from './reader.ts'
import type { ReaderParts } from './reader-parts.ts'

/**
 * The topic as retention has left it. From the beginning: first what was kept of what is gone, then all behind it. A claim there
 * that was in what is gone is handed over as a dead letter: whoever wrote it has written it before, and a reader that does not
 * know its id would open it again.
 * @throws WHOHAD_STREAM_CARRIED_UNREADABLE; WHOHAD_STREAM_POSITION_GONE, for the beginning too, where the broker on its own has
 * removed what nobody had kept
 */
export async function* readRetained(parts: ReaderParts, carried: CarriedTopic, options: ReadOptions) {
  const head = await carried.head()
  if (head === undefined) {
    yield* readKafka(parts, options)
    return
  }
  if (options.from === undefined) {
    await refuseUnlessWhole(parts, head)
    yield* carried.read(head, options)
    if (options.signal.aborted) return
  }
  for await (const batch of readKafka(parts, { ...options, from: options.from ?? head.before })) {
    const news = withoutOld(batch, head, options)
    if (news.length > 0) yield news
  }
}

async function refuseUnlessWhole({ admin, cluster, partitions }: ReaderParts, { before }: PlacedHead): Promise<void> {
  const offsets = await fetchOffsets(admin, cluster.topic, partitions)
  if (isWhole(offsets, { before })) return
  const partition = offsets.first.findIndex((first, i) => first > (before[i] ?? 0))
  const [offset = 0, first = 0, end = 0] = [before, offsets.first, offsets.end].map(at => at[partition])
  throw changestreamErrors.positionGone({ partition, offset, first, end })
}

function withoutOld(
  batch: readonly LoggedChange[],
  { before, floors }: PlacedHead,
  { onDeadLetter }: ReadOptions,
): readonly LoggedChange[] {
  return batch.filter(logged => {
    const { partition, offset } = logged
    if (offset < (before[partition] ?? 0) || !isOldClaim(logged, floors)) return true
    onDeadLetter?.({ partition, offset, reason: 'a claim of a time that retention has let go of', payload: NOTHING })
    return false
  })
}

function isOldClaim(logged: LoggedChange, floors: Floors): boolean {
  const claim = logged instanceof EncodedChange ? logged.encoded() : undefined
  if (claim) return isOld(claim.source, claim, floors)
  const { change } = logged
  return change.record === 'claim' && isOld(change.source, change.revision, floors)
}

const NOTHING = new Uint8Array()
