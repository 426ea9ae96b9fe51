import { stat } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import type { Millis, Window } from '../../ownership/window.ts'
import { enricherErrors } from '../errors.ts'
import { flowFiles, openFlowFile } from '../flowlogs/files.ts'
import { rootOf } from '../flowlogs/glob.ts'
import { listWindow, mayEndIn } from '../flowlogs/list-window.ts'
import { type FlowObjectRef, objectName } from '../flowlogs/object-ref.ts'
import { type FlowObjectStore, type S3Settings, s3FlowLogs } from '../flowlogs/s3.ts'

/** Where a bucket is. */
export type BucketPlace = Pick<S3Settings, 'bucket' | 'region' | 'endpoint'>

/** A flow log object of a batch run. It can be posted to a worker. */
export type BatchInput = {
  /** As errors and outputs call it: a path, s3://bucket/key, or "-". */
  readonly name: string
  /** Its name below the folder, pattern or prefix that it was found by, with slashes. */
  readonly relative: string
  readonly from: { readonly path: string } | { readonly object: FlowObjectRef; readonly place: BucketPlace }
}

/** By what an input is known again: one that is written anew is another. */
export type InputIdentity = {
  readonly name: string
  readonly bytes: number
  readonly etag?: string
  readonly modifiedMs?: Millis
}

/** "-" is standard input. */
export const isStandardInput = ({ name }: BatchInput): boolean => name === '-'

/** Files of a path, folder or pattern, sorted, that may have records which end in the window. @throws WHOHAD_FLOW_FILE_UNREADABLE */
export async function fileInputs(argument: string, window: Window): Promise<readonly BatchInput[]> {
  if (argument === '-') return [{ name: '-', relative: 'stdin', from: { path: '-' } }]
  const files = (await flowFiles(argument)).filter(path => mayEndIn(path, window))
  if (files.length === 0) throw nothingThere(argument)
  const root = await rootOf(argument)
  return files.map(path => ({ name: path, relative: relative(root, path).replaceAll(sep, '/'), from: { path } }))
}

export type BucketListing = { readonly place: BucketPlace; readonly prefix: string; readonly latenessMs: Millis }

/** Objects below a prefix, sorted, that may have records which end in the window. @throws WHOHAD_S3_…, WHOHAD_FLOW_FILE_UNREADABLE */
export async function bucketInputs(
  reader: InputReader,
  { place, prefix, latenessMs }: BucketListing,
  window: Window,
): Promise<readonly BatchInput[]> {
  const above = prefix.lastIndexOf('/') + 1
  const found: BatchInput[] = []
  for await (const object of listWindow(reader.bucket(place), { prefix, window, latenessMs })) {
    found.push({ name: objectName(object), relative: object.key.slice(above), from: { object, place } })
  }
  if (found.length === 0) throw nothingThere(objectName({ bucket: place.bucket, key: prefix }))
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

const nothingThere = (path: string) =>
  enricherErrors.flowFileUnreadable({ path, reason: 'no flow log of the given time is there' })

/** Opens inputs, with one client for each bucket. */
export class InputReader {
  private readonly buckets = new Map<string, FlowObjectStore>()

  bucket(place: BucketPlace): FlowObjectStore {
    const known = this.buckets.get(place.bucket)
    if (known) return known
    const opened = s3FlowLogs({ ...place, prefix: '' })
    this.buckets.set(place.bucket, opened)
    return opened
  }

  /** @throws WHOHAD_FLOW_FILE_UNREADABLE, WHOHAD_S3_…, also from within the iteration */
  open({ from }: BatchInput, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return 'path' in from ? openFlowFile(from.path) : this.bucket(from.place).open(from.object, signal)
  }

  close(): void {
    for (const bucket of this.buckets.values()) bucket.close()
  }
}

/** Standard input has none, and neither has a file that cannot be looked at: opening it tells why. */
export async function identityOf(input: BatchInput): Promise<InputIdentity | undefined> {
  const { name, from } = input
  if ('object' in from) return { name, bytes: from.object.sizeBytes, etag: from.object.etag }
  const found = isStandardInput(input) ? undefined : await stat(from.path).catch(() => undefined)
  return found?.isFile() ? { name, bytes: found.size, modifiedMs: found.mtimeMs } : undefined
}
