import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
  SQSServiceException,
} from '@aws-sdk/client-sqs'
import { reasonOf } from '../../runtime/errors.ts'
import { enricherErrors } from '../errors.ts'

export type QueueSettings = {
  /** https://sqs.REGION.amazonaws.com/ACCOUNT/NAME; requests go to its host. */
  readonly url: string
  /** For signing, where the URL's host does not name one. */
  readonly region: string
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
}

export type QueueMessage = { readonly id: string; readonly receipt: string; readonly body: string }

/** An Amazon SQS queue, as far as it is needed here. Errors are WHOHAD_SQS_…; an abort is passed on as it is. */
export type MessageQueue = {
  /** Up to ten messages, which nobody else gets for `hiddenSeconds`; waits for the first one, 1 to 20 s. */
  receive(waitSeconds: number, hiddenSeconds: number, signal?: AbortSignal): Promise<readonly QueueMessage[]>
  /** Hides them for so long from now on; with 0 others may have them. Returns those that are no longer ours, with the reason. */
  hide(messages: readonly QueueMessage[], hiddenSeconds: number): Promise<readonly Refused[]>
  /** Returns those that could not be deleted, because they are no longer ours. */
  remove(messages: readonly QueueMessage[]): Promise<readonly Refused[]>
  close(): void
}

export type Refused = { readonly message: QueueMessage; readonly reason: string }

/** A request takes ten messages, whatever is to be done with them. */
const BATCH = 10
const LONGEST_WAIT_SECONDS = 20
const REGION_IN_HOST = /^(?:sqs|sqs-fips)\.([a-z0-9-]+)\./

export function sqsQueue(settings: QueueSettings): MessageQueue {
  const { origin, hostname } = new URL(settings.url)
  const QueueUrl = settings.url
  const client = new SQSClient({
    region: REGION_IN_HOST.exec(hostname)?.[1] ?? settings.region,
    endpoint: origin,
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
  })
  const asked = async <T>(action: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      throw said(cause, settings.url, action)
    }
  }
  return {
    receive: (waitSeconds, hiddenSeconds, signal) =>
      asked('sqs:ReceiveMessage', async () => {
        const command = new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: BATCH,
          // Without a wait, SQS asks only some of its servers, and an empty queue would be asked without end.
          WaitTimeSeconds: Math.max(1, Math.min(LONGEST_WAIT_SECONDS, Math.ceil(waitSeconds))),
          VisibilityTimeout: hiddenSeconds,
        })
        const { Messages = [] } = await client.send(command, signal ? { abortSignal: signal } : {})
        return Messages.map(({ MessageId: id = '', ReceiptHandle: receipt = '', Body: body = '' }) => ({
          id,
          receipt,
          body,
        }))
      }),
    hide: (messages, hiddenSeconds) =>
      asked('sqs:ChangeMessageVisibility', () =>
        inBatches(messages, async batch => {
          const Entries = entriesOf(batch).map(entry => ({ ...entry, VisibilityTimeout: hiddenSeconds }))
          return (await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }))).Failed
        }),
      ),
    remove: messages =>
      asked('sqs:DeleteMessage', () =>
        inBatches(
          messages,
          async batch =>
            (await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: entriesOf(batch) }))).Failed,
        ),
      ),
    close: () => client.destroy(),
  }
}

type Failed = {
  readonly Id?: string | undefined
  readonly Code?: string | undefined
  readonly Message?: string | undefined
}

async function inBatches(
  messages: readonly QueueMessage[],
  work: (batch: readonly QueueMessage[]) => Promise<readonly Failed[] | undefined>,
): Promise<readonly Refused[]> {
  const refused: Refused[] = []
  for (let from = 0; from < messages.length; from += BATCH) {
    const batch = messages.slice(from, from + BATCH)
    for (const { Id, Code = '', Message = '' } of (await work(batch)) ?? []) {
      const message = batch[Number(Id)]
      if (message) refused.push({ message, reason: `${Code}: ${Message}` })
    }
  }
  return refused
}

const entriesOf = (batch: readonly QueueMessage[]) =>
  batch.map(({ receipt }, place) => ({ Id: String(place), ReceiptHandle: receipt }))

const NETWORK = /^(E[A-Z]+|TimeoutError|UND_ERR_[A-Z_]+)$/

function said(cause: unknown, queue: string, action: string): unknown {
  if (!(cause instanceof Error) || cause.name === 'AbortError') return cause
  const reason = reasonOf(cause)
  const status = cause instanceof SQSServiceException ? cause.$metadata.httpStatusCode : undefined
  if (/^QueueDoesNotExist$|NonExistentQueue/.test(cause.name)) return enricherErrors.sqsQueueMissing({ queue }, cause)
  if (status === 403 || /^AccessDenied/.test(cause.name))
    return enricherErrors.sqsAccessDenied({ queue, action, reason: cause.name }, cause)
  const code = 'code' in cause ? String(cause.code) : cause.name
  if (NETWORK.test(code) || (status !== undefined && status >= 500))
    return enricherErrors.sqsUnreachable({ queue, reason: `${code}: ${reason}` }, cause)
  return enricherErrors.sqsFailed({ queue, action, reason: `${cause.name}: ${reason}` }, cause)
}
