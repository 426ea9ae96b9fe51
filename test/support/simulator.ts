import { gunzipSync } from 'node:zlib'
import { EC2Client } from '@aws-sdk/client-ec2'
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { type SimulatedCloud, type SimulatedCloudOptions, startSimulatedCloud } from '../../src/simulator/cloud.ts'

process.env['AWS_EC2_METADATA_DISABLED'] = 'true'

export const START_MS = Date.UTC(2026, 10, 20, 12)
export const MINUTE_MS = 60_000

export const calmFaults = { throttleProbability: 0, pageErrorProbability: 0 }

/** A small world, for tests that need few of everything. */
export const startSmallCloud = (options: Partial<SimulatedCloudOptions> = {}): Promise<SimulatedCloud> =>
  startSimulatedCloud({
    seed: 1,
    startMs: START_MS,
    hosts: 3,
    groups: 4,
    connectionsPerMinute: 60,
    faults: calmFaults,
    ...options,
  })

const credentials = { accessKeyId: 'simulated', secretAccessKey: 'simulated' }

export const ec2ClientOf = ({ endpoints, region }: SimulatedCloud, maxAttempts = 3): EC2Client =>
  new EC2Client({ endpoint: endpoints.ec2, region, credentials, maxAttempts })

export const s3ClientOf = ({ endpoints, region }: SimulatedCloud): S3Client =>
  new S3Client({ endpoint: endpoints.s3, region, credentials, forcePathStyle: true, maxAttempts: 1 })

export async function keysOf(cloud: SimulatedCloud, client: S3Client, pageSize = 1000): Promise<string[]> {
  const keys: string[] = []
  const input = { Bucket: cloud.bucket, Prefix: cloud.prefix }
  for await (const page of paginateListObjectsV2({ client, pageSize }, input)) {
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key)
  }
  return keys
}

export async function bytesOf(cloud: SimulatedCloud, client: S3Client, key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: cloud.bucket, Key: key }))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

/** A line of a flow log by the names of its header. */
export type FlowLine = { readonly [field: string]: string }

export function linesOf(object: Buffer): FlowLine[] {
  const [header = '', ...lines] = gunzipSync(object).toString().trimEnd().split('\n')
  const names = header.split(' ')
  return lines.map(line => {
    const values = line.split(' ')
    if (values.length !== names.length) throw new Error(`${values.length} values for ${names.length} fields: ${line}`)
    return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']))
  })
}

export type TitusTask = {
  readonly id: string
  readonly jobId: string
  readonly taskContext: { readonly [key: string]: string }
  readonly status: { readonly state: string; readonly timestamp: string }
  readonly statusHistory: readonly { readonly state: string; readonly timestamp: string }[]
}

type Page = {
  readonly items: readonly TitusTask[]
  readonly pagination: { readonly hasMore: boolean; readonly cursor: string; readonly totalItems: number }
}

/** One page of tasks as the reply has it. */
export async function taskPage(cloud: SimulatedCloud, query: string): Promise<Page> {
  const reply = await fetch(`${cloud.endpoints.titus}/api/v3/tasks?${query}`)
  if (!reply.ok) throw new Error(`tasks?${query}: ${reply.status}`)
  return (await reply.json()) as Page
}

export async function allTasks(cloud: SimulatedCloud, pageSize = 1000): Promise<TitusTask[]> {
  const tasks: TitusTask[] = []
  for (let cursor = ''; ; ) {
    const { items, pagination } = await taskPage(cloud, `pageSize=${pageSize}&cursor=${encodeURIComponent(cursor)}`)
    tasks.push(...items)
    if (!pagination.hasMore) return tasks
    cursor = pagination.cursor
  }
}
