import { enricherErrors } from '../enricher/errors.ts'
import type { FlowObjectRef } from '../enricher/flowlogs/object-ref.ts'
import { type FlowObjectStore, s3FlowLogs } from '../enricher/flowlogs/s3.ts'
import { sqsQueue } from '../enricher/flowlogs/sqs.ts'
import { WhohadError } from '../runtime/errors.ts'
import { type Examination, type Finding, failed, ok, warn } from './doctor-finding.ts'
import type { FlowLogSettings } from './flow-log-settings.ts'
import type { Settings } from './settings.ts'

/** Nothing has this name; whoever may list a bucket is told that it is not there, and others that they may not read. */
const NOTHING = 'AWSLogs/whohad-doctor'

/** Whether flow log objects can be listed, read, and taken from a queue. Topics are looked at with the brokers. */
export const flowLogExaminations = ({ flowLogs }: Settings): readonly Examination[] =>
  flowLogs.flatMap(declared => [
    bucketExamination(declared),
    ...(declared.queueUrl === undefined ? [] : [queueExamination(declared.queueUrl, declared.region)]),
  ])

function bucketExamination(declared: FlowLogSettings): Examination {
  const { bucket, prefix, region, endpoint } = declared
  const about = { check: 'flow logs', about: `s3://${bucket}/${prefix}` }
  return {
    ...about,
    async examine(signal) {
      const objects = s3FlowLogs({ bucket, prefix, region, endpoint })
      try {
        const listed = await firstOf(objects, signal)
        const found = listingFinding(about, listed, declared)
        // Where the bucket itself is the trouble, S3 says of every key that it is not there.
        if (listed instanceof WhohadError && listed.code !== enricherErrors.s3AccessDenied.code) return [found]
        return [found, await readingFinding(about, objects, listed, declared, signal)]
      } finally {
        objects.close()
      }
    },
  }
}

type Listed = FlowObjectRef | undefined | WhohadError

async function firstOf(objects: FlowObjectStore, signal: AbortSignal): Promise<Listed> {
  try {
    for await (const object of objects.list(signal)) return object
    return undefined
  } catch (error) {
    if (error instanceof WhohadError) return error
    throw error
  }
}

type About = Pick<Finding, 'check' | 'about'>

function listingFinding(about: About, listed: Listed, { queueUrl, topic }: FlowLogSettings): Finding {
  if (listed === undefined)
    return warn(
      about,
      's3:ListBucket is allowed, and there is no object under the prefix',
      'See that the flow log delivers to this bucket and prefix (docs/aws-account.md); the first file takes some ten minutes.',
    )
  if (!(listed instanceof WhohadError)) return ok(about, 's3:ListBucket is allowed')
  const isNeedless = listed.code === enricherErrors.s3AccessDenied.code && (queueUrl ?? topic) !== undefined
  return isNeedless
    ? ok(about, 's3:ListBucket is denied, and not needed: objects are named to us')
    : failed(about, listed)
}

async function readingFinding(
  about: About,
  objects: FlowObjectStore,
  listed: Listed,
  { prefix }: FlowLogSettings,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    if (listed !== undefined && !(listed instanceof WhohadError)) {
      for await (const _bytes of await objects.open(listed, signal)) break
      return ok(about, `s3:GetObject is allowed: ${listed.key} can be read`)
    }
    await objects.find(`${prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`}${NOTHING}`, signal)
  } catch (error) {
    if (error instanceof WhohadError && error.code === enricherErrors.s3ObjectMissing.code)
      return ok(about, 's3:GetObject is allowed')
    // Without the right to list S3 says the same of what may be read and is not there.
    if (listed instanceof WhohadError && listed.code === enricherErrors.s3AccessDenied.code)
      return warn(
        about,
        's3:GetObject could not be tried: no object is known',
        'If objects cannot be read either, the log of the enricher says so (WHOHAD_S3_ACCESS_DENIED).',
      )
    return failed(about, error)
  }
  return ok(about, 's3:GetObject is allowed')
}

function queueExamination(url: string, region: string): Examination {
  const about = { check: 'queue', about: url.slice(url.lastIndexOf('/') + 1) }
  return {
    ...about,
    async examine() {
      const queue = sqsQueue({ url, region })
      try {
        // A message that nobody has: refused by itself where the action is allowed, and nothing happens to the others.
        const none = [{ id: 'doctor', receipt: 'whohad-doctor', body: '' }]
        await queue.hide(none, 0)
        await queue.remove(none)
        return [
          ok(
            about,
            'there; sqs:ChangeMessageVisibility and sqs:DeleteMessage are allowed (sqs:ReceiveMessage is not tried: it would take a message from an enricher)',
          ),
        ]
      } finally {
        queue.close()
      }
    },
  }
}
