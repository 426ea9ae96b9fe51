import type { Clock } from '../../runtime/clock.ts'
import { WhohadError } from '../../runtime/errors.ts'
import { enricherErrors } from '../errors.ts'
import { type FlowObjectRef, objectIdOf } from '../flowlogs/object-ref.ts'
import { printable } from '../flowlogs/read.ts'
import { isAfter, type NamedObject, readMessage } from './object-message.ts'
import type { ObjectPlace, PlaceReport, UnreadableMessage } from './object-place.ts'
import { WaitingMessages } from './waiting-messages.ts'

/** A message, and what it says. `id` finds it again in its queue or topic. */
export type Received<Message> = { readonly message: Message; readonly id: string; readonly text: string }

/** What messages come from. One that is neither finished nor lost comes again, to somebody, after this process has ended. */
export type MessageSource<Message> = {
  /** New messages; waits for the first one up to `waitMs`. None once the signal is given. */
  receive(waitMs: number, signal?: AbortSignal): Promise<readonly Received<Message>[]>
  /** They need not come again. An error leaves them unfinished, and they are given here another time. */
  finish(messages: readonly Message[]): Promise<void>
  /** Is told of messages that are no longer this process's, and will come again here or elsewhere. */
  onLost(listener: (messages: readonly Message[], reason: string) => void): void
  close(): Promise<void>
}

export type MessagePlaceSettings = {
  /** For reports and dead letters. */
  readonly name: string
  /** Objects of other buckets and keys are passed over. */
  readonly bucket: string
  readonly prefix: string
  /** Completes an object of which the message has no etag. */
  readonly find: (key: string, signal?: AbortSignal) => Promise<FlowObjectRef>
  readonly onUnreadable: (message: UnreadableMessage) => Promise<void>
  /** How long a pass waits for new messages. */
  readonly passMs: number
  /** No message is taken while so many wait; 1,000 where it is left out. */
  readonly mostWaiting?: number
  readonly clock: Clock
  readonly report: PlaceReport
}

const MOST_WAITING = 1_000
const SAMPLE_CHARACTERS = 256

/** Objects named by messages, as a place. A message is finished when all of its objects are acknowledged. */
export function messagePlace<Message>(source: MessageSource<Message>, settings: MessagePlaceSettings): ObjectPlace {
  const { name, clock, report, passMs, mostWaiting = MOST_WAITING } = settings
  const waiting = new WaitingMessages<Message>()
  const sequencers = new Map<string, { readonly object: FlowObjectRef; readonly sequencer: string }>()
  /** Received, and not read yet: reading one may need S3 or the store, which may be down. */
  let unread: Received<Message>[] = []
  let unfinished: Message[] = []
  /** In this pass: another message about one of them says nothing new. */
  const acknowledged = new Set<string>()

  source.onLost((messages, reason) => {
    for (const message of messages) waiting.drop(message)
    unread = unread.filter(({ message }) => !messages.includes(message))
    unfinished = unfinished.filter(message => !messages.includes(message))
    report.messagesLost({ place: name, messages: messages.length, reason })
  })

  const finish = async () => {
    const messages = unfinished
    if (messages.length === 0) return
    await source.finish(messages)
    unfinished = unfinished.filter(message => !messages.includes(message))
    report.messagesDone({ place: name, messages: messages.length })
  }
  const done = (object: FlowObjectRef) => {
    unfinished = unfinished.concat(waiting.done(object))
    const keyed = sequencers.get(object.key)
    if (keyed && objectIdOf(keyed.object) === objectIdOf(object)) sequencers.delete(object.key)
  }
  /** Of two events of one key the later one counts: what the other one tells of is there no longer. */
  const isNewest = (object: FlowObjectRef, { sequencer }: NamedObject): boolean => {
    if (sequencer === undefined) return true
    const known = sequencers.get(object.key)
    if (known && objectIdOf(known.object) !== objectIdOf(object)) {
      if (!isAfter(sequencer, known.sequencer)) return false
      done(known.object)
    }
    sequencers.set(object.key, { object, sequencer })
    return true
  }
  const letter = (place: string, reason: UnreadableMessage['reason'], sample: string) =>
    settings.onUnreadable({ place, reason, sample: printable(sample.slice(0, SAMPLE_CHARACTERS)) })

  /** The objects of a message that are ours; those that are gone already are dead letters. */
  const objectsOf = async (
    { id, text }: Received<Message>,
    signal?: AbortSignal,
  ): Promise<readonly FlowObjectRef[]> => {
    const read = readMessage(text)
    if (read.unreadable !== undefined) {
      await letter(`${id}: ${printable(read.unreadable)}`, 'unreadable-message', text)
      report.messageRead({ place: name, result: 'unreadable' })
      return []
    }
    const ours = read.objects.filter(named => isOurs(named, settings))
    const found = new Map<string, FlowObjectRef>()
    for (const named of ours) {
      const object = await complete(named, settings, signal)
      if (object === undefined) await letter(id, 'object-gone', `s3://${named.bucket}/${named.key}`)
      else if (isNewest(object, named)) found.set(objectIdOf(object), object)
    }
    report.messageRead({ place: name, result: ours.length > 0 ? 'objects' : 'passed-over' })
    return [...found.values()]
  }

  async function* list(signal?: AbortSignal): AsyncGenerator<FlowObjectRef> {
    const untilMs = clock.now() + passMs
    const given = new Set<string>()
    acknowledged.clear()
    for (const [key, { object }] of sequencers) if (!waiting.has(object)) sequencers.delete(key)
    for (const object of waiting.objects()) {
      given.add(objectIdOf(object))
      if (waiting.has(object)) yield object
    }
    for (;;) {
      while (unread[0] !== undefined) {
        const [received] = unread
        const objects = await objectsOf(received, signal)
        if (unread[0] !== received) continue // lost meanwhile
        unread.shift()
        const open = objects.filter(object => !acknowledged.has(objectIdOf(object)))
        const fresh = open.filter(object => !given.has(objectIdOf(object)))
        if (open.length === 0) unfinished.push(received.message)
        else waiting.add(received.message, open)
        for (const object of fresh) given.add(objectIdOf(object))
        yield* fresh.filter(object => waiting.has(object))
      }
      await finish()
      report.messagesWaiting({ place: name, messages: waiting.size })
      const leftMs = untilMs - clock.now()
      if (signal?.aborted || leftMs <= 0 || waiting.size >= mostWaiting) return
      unread.push(...(await source.receive(leftMs, signal)))
    }
  }

  return {
    list,
    async acknowledge(object) {
      acknowledged.add(objectIdOf(object))
      done(object)
    },
    async close() {
      // What cannot be finished now comes again, and is found done.
      await finish().catch(() => {})
      await source.close()
    },
  }
}

const isOurs = ({ bucket, key }: NamedObject, settings: MessagePlaceSettings): boolean =>
  bucket === settings.bucket && key.startsWith(settings.prefix) && !key.endsWith('/')

/** Undefined where it is gone. Without its etag it would be another object than the one that a listing shows. */
async function complete(
  { bucket, key, etag, sizeBytes }: NamedObject,
  { find }: MessagePlaceSettings,
  signal: AbortSignal | undefined,
): Promise<FlowObjectRef | undefined> {
  if (etag !== undefined) return { bucket, key, etag, sizeBytes }
  try {
    return await find(key, signal)
  } catch (error) {
    if (error instanceof WhohadError && error.code === enricherErrors.s3ObjectMissing.code) return undefined
    throw error
  }
}
