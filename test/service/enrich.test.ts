import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { RunningMoto } from '../../scripts/moto.mjs'
import { loadSettings } from '../../src/cli/settings.ts'
import { enrich } from '../../src/cli/up-command.ts'
import { s3FlowLogs } from '../../src/enricher/flowlogs/s3.ts'
import { type SimulatedCloud, startSimulatedCloud } from '../../src/simulator/cloud.ts'
import { collect } from '../support/byte-streams.ts'
import { buildWhohadFirst, eventually, FAKE_CREDENTIALS, startWhohad } from '../support/cli.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { hasMoto, startMotoForTests } from '../support/moto.ts'
import { calmFaults } from '../support/simulator.ts'

buildWhohadFirst()

const credentials = { accessKeyId: 'moto', secretAccessKey: 'moto' }

/** The sum of a metric's values whose labels have all of these; 0 where there is none. */
async function metric(url: string, name: string, ...labels: readonly string[]): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').filter(line => line.startsWith(name) && labels.every(label => line.includes(label)))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

async function start(command: 'up' | 'enrich', config: object, cwd: string) {
  writeFileSync(join(cwd, 'whohad.yaml'), stringify({ api: { port: 0 }, ...config }))
  const running = startWhohad([command], { cwd, env: FAKE_CREDENTIALS, withinMs: 200_000 })
  const [, url = ''] = await running.said(/listens on (\S+)/)
  return { ...running, url }
}

describe.skipIf(!hasMoto)('whohad enrich', () => {
  let moto: RunningMoto
  let cloud: SimulatedCloud
  beforeAll(async () => {
    moto = await startMotoForTests()
    const nowMs = Date.now()
    cloud = await startSimulatedCloud({
      seed: 3,
      startMs: nowMs - 600_000,
      hosts: 2,
      groups: 2,
      connectionsPerMinute: 20,
      faults: calmFaults,
    })
    cloud.advanceTo(nowMs)
    cloud.clock.followWallClock()
  }, 90_000)
  afterAll(async () => {
    await cloud.close()
    await moto.stop()
  })

  /** A queue with the names of all objects that the cloud has written, each twice. */
  async function queueOfNames(): Promise<{ url: string; names: number }> {
    const sqs = new SQSClient({ region: 'us-east-1', endpoint: moto.url, credentials })
    const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'names' }))
    const { bucket, prefix, region, endpoints } = cloud
    const s3 = s3FlowLogs({ bucket, prefix, region, endpoint: endpoints.s3, credentials })
    const objects = await collect(s3.list())
    s3.close()
    for (const { sizeBytes: size, ...object } of [...objects, ...objects])
      await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify({ ...object, size }) }))
    sqs.destroy()
    return { url, names: objects.length }
  }

  test('follows the change stream of others, does what a queue names, and polls nothing', {
    timeout: 240_000,
  }, async () => {
    const folder = await temporaryFolder('enrich')
    const { account, region, partition, endpoints, bucket, prefix } = cloud
    const ec2 = { account, region, partition, endpoint: endpoints.ec2, stsEndpoint: endpoints.sts, pollSeconds: 2 }
    const up = await start('up', { ec2: [ec2] }, folder)
    await eventually(async () =>
      (await metric(up.url, 'whohad_polls_total', 'result="complete"')) > 0 ? true : undefined,
    )
    up.kill('SIGTERM')
    expect((await up.ended).code).toBe(0)

    const { url, names } = await queueOfNames()
    expect(names).toBeGreaterThan(0)
    const flowLogs = [{ bucket, prefix, region, endpoint: endpoints.s3, queueUrl: url, holdSeconds: 2, listSeconds: 1 }]
    const enricher = await start('enrich', { flowLogs }, folder)
    const done = () => metric(enricher.url, 'whohad_object_messages_total', 'result="done"')
    await eventually(async () => ((await done()) === 2 * names ? true : undefined))
    expect(await metric(enricher.url, 'whohad_objects_total', 'result="committed"')).toBe(names)
    expect(await metric(enricher.url, 'whohad_flow_records_total')).toBeGreaterThan(0)
    expect(await metric(enricher.url, 'whohad_polls_total')).toBe(0)
    enricher.kill('SIGTERM')
    const { code, stderr } = await enricher.ended
    expect(stderr).not.toContain('A defect in whohad')
    expect(code).toBe(0)
  })
})

test.for([
  ['No flow logs are configured', {}],
  ['flowLogs.logs.holdSeconds must be given', { flowLogs: [{ bucket: 'logs', region: 'us-east-1' }] }],
] as const)('whohad enrich says that %s', async ([sentence, config]) => {
  const file = join(await temporaryFolder('enrich'), 'whohad.yaml')
  writeFileSync(file, stringify(config))
  const ending = enrich(loadSettings({}, { config: file }), { threadPoolSize: 4, signal: AbortSignal.abort() })
  await expect(ending).rejects.toMatchObject({ code: 'WHOHAD_USAGE', message: expect.stringContaining(sentence) })
})
