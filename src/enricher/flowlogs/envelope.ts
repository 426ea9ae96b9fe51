import { gunzipWhole } from './gunzip.ts'
import { splitDocuments } from './json-documents.ts'

/** A document that holds no log events, by its beginning, and why. */
export type EnvelopeFault = { readonly reason: 'malformed-envelope'; readonly detail: string; readonly sample: string }

const SAMPLE_BYTES = 1024

/**
 * The log lines in what CloudWatch Logs hands on: subscription data (`messageType`, `logEvents[].message`) as Firehose and
 * Lambda get it, one JSON document after another, or in `awslogs.data` as base64 of gzip; and `events[].message` of
 * its API. Control messages hold none. A document that is something else is told to `onFault`, once the lines before it were
 * taken, and the next goes on.
 */
export async function* envelopeLines(
  chunks: AsyncIterable<Uint8Array>,
  onFault: (fault: EnvelopeFault) => void,
): AsyncGenerator<Uint8Array> {
  for await (const documents of splitDocuments(chunks)) {
    let lines = ''
    for (const { bytes, problem } of documents) {
      const found = problem === undefined ? messagesIn(bytes, true) : problem
      if (typeof found === 'string') {
        if (lines !== '') yield Buffer.from(lines)
        lines = ''
        onFault({ reason: 'malformed-envelope', detail: found, sample: bytes.toString('utf8', 0, SAMPLE_BYTES) })
      } else for (const message of found) lines += message.endsWith('\n') ? message : `${message}\n`
    }
    if (lines !== '') yield Buffer.from(lines)
  }
}

/** The messages of one document, or what is wrong with it. Only the outermost may be wrapped once more. */
function messagesIn(bytes: Buffer, mayWrap: boolean): readonly string[] | string {
  let document: unknown
  try {
    document = JSON.parse(bytes.toString('utf8'))
  } catch {
    return 'not JSON'
  }
  const { messageType, logEvents, events = logEvents, awslogs } = fieldsOf(document)
  if (messageType === 'CONTROL_MESSAGE') return []
  const { data } = fieldsOf(awslogs)
  if (mayWrap && typeof data === 'string') {
    const inner = gunzipWhole(Buffer.from(data, 'base64'))
    if (inner === undefined) return 'awslogs.data is not gzip'
    return messagesIn(Buffer.from(inner.buffer, inner.byteOffset, inner.length), false)
  }
  if (!Array.isArray(events)) return 'without logEvents'
  const messages = events.map(event => fieldsOf(event).message)
  return messages.every(message => typeof message === 'string') ? messages : 'a log event without message'
}

type Fields = Readonly<
  Partial<Record<'messageType' | 'logEvents' | 'events' | 'awslogs' | 'data' | 'message', unknown>>
>

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? value : {})
