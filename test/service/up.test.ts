import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type SimulatedCloud, startSimulatedCloud } from '../../src/simulator/cloud.ts'
import { buildWhohadFirst, eventually, FAKE_CREDENTIALS, type Running, startWhohad, whohad } from '../support/cli.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { otlpReceiver } from '../support/otlp.ts'
import { allTasks, calmFaults } from '../support/simulator.ts'

buildWhohadFirst()

const POLL_SECONDS = 2

let cloud: SimulatedCloud
let deadPort: number
beforeAll(async () => {
  const nowMs = Date.now()
  // Long enough for an object of five minutes that has been there for two.
  cloud = await startSimulatedCloud({
    seed: 3,
    startMs: nowMs - 600_000,
    hosts: 3,
    groups: 4,
    connectionsPerMinute: 60,
    faults: calmFaults,
  })
  cloud.advanceTo(nowMs)
  cloud.clock.followWallClock()
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  deadPort = (server.address() as AddressInfo).port
  await new Promise(resolve => server.close(resolve))
})
afterAll(() => cloud.close())

const dead = () => `http://127.0.0.1:${deadPort}`

function configOf({ endpoints, account, region, partition, bounds, bucket, prefix, vpcs }: SimulatedCloud) {
  const declared = {
    pollSeconds: POLL_SECONDS,
    lagSeconds: bounds.lagMs / 1000,
    clockErrorSeconds: 0.5,
    bridgeSeconds: bounds.bridgeMs / 1000,
    briefestHoldingSeconds: bounds.briefestHoldingMs / 1000,
  }
  return {
    api: { port: 0 },
    log: { level: 'debug' },
    domains: vpcs.map(({ vpc, name }) => ({ domain: name, vpc })),
    ec2: [{ account, region, partition, endpoint: endpoints.ec2, stsEndpoint: endpoints.sts, ...declared }],
    titus: [
      {
        name: 'main',
        url: endpoints.titus,
        covers: vpcs.map(({ name, cidr }) => ({ domain: name, prefix: cidr })),
        ...declared,
      },
    ],
    flowLogs: [{ bucket, prefix, region, endpoint: endpoints.s3, slackSeconds: 0, holdSeconds: 20, listSeconds: 1 }],
  }
}

async function upWith(config: object): Promise<Running & { readonly url: string }> {
  const folder = await temporaryFolder('up')
  writeFileSync(join(folder, 'whohad.yaml'), stringify(config))
  // ./whohad.yaml is found, and data.path is ./whohad-data.
  const up = startWhohad(['up'], { cwd: folder, env: FAKE_CREDENTIALS })
  const [, url = ''] = await up.said(/listens on (\S+)/)
  return { ...up, url }
}

type Check = { readonly name: string; readonly ok: boolean; readonly detail: string }

async function checksOf(url: string): Promise<{ status: number; sources: readonly Check[] }> {
  const response = await fetch(`${url}/readyz`)
  const { checks } = (await response.json()) as { checks: readonly Check[] }
  return { status: response.status, sources: checks.filter(({ name }) => name.startsWith('source ')) }
}

/** The value of a metric whose labels have all of these; 0 where there is none. */
async function metric(url: string, name: string, ...labels: readonly string[]): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').filter(line => line.startsWith(name) && labels.every(label => line.includes(label)))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

type Answer = {
  readonly state: string
  readonly holding: { readonly owner: { readonly resourceId: string; readonly application: string } } | null
}

test('whohad up polls, answers who has an address, and attributes flow logs, from ./whohad.yaml alone', async () => {
  const receiver = await otlpReceiver()
  const up = await upWith({ ...configOf(cloud), tracing: { otlpUrl: receiver.url } })
  const ec2 = `ec2/${cloud.account}/${cloud.region}`
  for (const source of [ec2, 'titus/main']) {
    const labels = [`source="${source}"`, 'result="complete"']
    await eventually(async () => ((await metric(up.url, 'whohad_polls_total', ...labels)) >= 2 ? true : undefined))
  }
  const { status, sources } = await checksOf(up.url)
  expect(status).toBe(200)
  expect(sources.map(({ name }) => name).toSorted()).toEqual([`source ${ec2}`, 'source titus/main'])

  // A reply may be as stale as the declared lag, so an instant is certain once a later poll vouches for it.
  const atSeconds = Math.floor(Date.now() / 1000)
  const tasks = (await allTasks(cloud)).filter(task => task.status.state === 'Started')
  expect(tasks.length).toBeGreaterThan(8)
  const questions = tasks.map(({ id, taskContext }) => ({ id, ip: taskContext['task.containerIp'] ?? '' }))
  const domains = cloud.vpcs.map(({ name }) => name)
  const owned = await eventually(async () => {
    const answers = await Promise.all(
      questions.flatMap(({ id, ip }) =>
        domains.map(async domain => {
          const response = await fetch(`${up.url}/v1/whohad?ip=${ip}&at=${atSeconds}&domain=${domain}`)
          return { id, answer: (await response.json()) as Answer }
        }),
      ),
    )
    const found = answers.filter(({ answer }) => answer.state === 'owned')
    return found.length > tasks.length / 2 ? found : undefined
  })
  const containers = owned.filter(({ id, answer }) => answer.holding?.owner.resourceId === id)
  expect(containers.length).toBeGreaterThan(tasks.length / 2)
  expect(containers.every(({ answer }) => answer.holding?.owner.application)).toBe(true)

  await eventually(async () => ((await metric(up.url, 'whohad_flow_records_total')) > 0 ? true : undefined))
  expect(await metric(up.url, 'whohad_http_defects_total')).toBe(0)

  up.kill('SIGTERM')
  const { code, stderr } = await up.ended
  await receiver.close()
  expect(stderr).not.toContain('A defect in whohad')
  expect(code).toBe(0)
  const traced = new Set(receiver.spans.map(({ name }) => name))
  expect([...traced].toSorted()).toEqual(['GET /v1/whohad', 'enrich object', 'poll'])
})

test('a source that cannot be reached leaves the process up, and /readyz says why', async () => {
  const config = configOf(cloud)
  const up = await upWith({ ...config, ec2: config.ec2.map(source => ({ ...source, endpoint: dead() })) })
  const refused = await eventually(async () => {
    const { status, sources } = await checksOf(up.url)
    return status === 200 ? sources.find(({ detail }) => detail.includes('unreachable')) : undefined
  })
  expect(refused).toMatchObject({ name: `source ec2/${cloud.account}/${cloud.region}`, ok: true })
  expect(refused.detail).toContain('no complete poll yet; the last poll was refused: unreachable')
  expect(refused.detail).toContain('ECONNREFUSED')
  expect(await metric(up.url, 'whohad_poll_refusals_total', 'reason="unreachable"')).toBeGreaterThan(0)
  up.kill('SIGTERM')
  expect((await up.ended).code).toBe(0)
})

test('a Kafka broker that cannot be reached is exit code 4, with its address', async () => {
  const data = await temporaryFolder('no-kafka')
  const env = { WHOHAD_KAFKA__BROKERS: `127.0.0.1:${deadPort}` }
  for (const args of [['up', '--port', '0'], ['10.0.0.1 in prod']]) {
    const { code, stdout, stderr } = await whohad([...args, '--data', data], { env })
    expect(stderr).toContain(`WHOHAD_KAFKA_UNREACHABLE: No Kafka broker answers at 127.0.0.1:${deadPort}`)
    expect(stderr).toContain('WHOHAD_KAFKA__BROKERS')
    expect([code, stdout]).toEqual([4, ''])
  }
})

test('a ClickHouse server that cannot be reached is exit code 4, with its address', async () => {
  const data = await temporaryFolder('no-clickhouse')
  const env = { WHOHAD_CLICKHOUSE__URL: dead() }
  const { code, stdout, stderr } = await whohad(['up', '--port', '0', '--data', data], { env })
  expect(stderr).toContain(`WHOHAD_CLICKHOUSE_UNREACHABLE: ClickHouse does not answer at ${dead()}`)
  expect([code, stdout]).toEqual([4, ''])
})
