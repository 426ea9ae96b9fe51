import { mkdir, writeFile } from 'node:fs/promises'
import { createServer as createHttp, type Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/runtime/clock.ts'
import { type SimulatedCloud, startSimulatedCloud } from '../../src/simulator/cloud.ts'
import { openStore } from '../../src/store/open-store.ts'
import { FAKE_CREDENTIALS } from '../support/cli.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { recordedReport } from '../support/clickhouse-rows.ts'
import { diagnose } from '../support/doctor.ts'
import { calmFaults } from '../support/simulator.ts'
import { startTamperedEc2, type TamperedEc2, untouched } from '../support/tampered-ec2.ts'

const CLOSED = 'http://127.0.0.1:9'
let cloud: SimulatedCloud
let ec2Api: TamperedEc2
let folder: string
let source: string

beforeAll(async () => {
  for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) vi.stubEnv(name, value)
  const nowMs = Date.now()
  cloud = await startSimulatedCloud({ seed: 4, startMs: nowMs - 900_000, hosts: 3, groups: 3, faults: calmFaults })
  cloud.advanceTo(nowMs)
  cloud.clock.followWallClock()
  ec2Api = await startTamperedEc2(cloud.endpoints.ec2)
  source = `ec2/${cloud.account}/${cloud.region}`
}, 60_000)
afterAll(async () => {
  vi.unstubAllEnvs()
  await ec2Api.close()
  await cloud.close()
})
beforeEach(async () => {
  ec2Api.tamper = untouched
  folder = await temporaryFolder('doctor')
})

const data = () => ({ path: join(folder, 'data') })
const ec2Of = (more: object = {}) => {
  const { account, region, partition, endpoints } = cloud
  return [{ account, region, partition, endpoint: ec2Api.endpoint, stsEndpoint: endpoints.sts, ...more }]
}
const titusOf = (url: string) => [{ name: 'main', url, covers: [{ domain: 'prod', prefix: '10.0.0.0/8' }] }]
const named = (findings: readonly { check: string; about: string; status: string }[]) =>
  findings.map(({ check, about, status }) => `${status} ${check} ${about}`)

test('where all is well each part is named with what was found', async () => {
  const store = await openStore(
    { driver: 'chdb', path: join(folder, 'data/store') },
    { clock: systemClock, report: recordedReport().report },
  )
  await store.migrate()
  await store.close()
  const { code, findings, wrong } = await diagnose({
    data: data(),
    ec2: ec2Of(),
    titus: titusOf(cloud.endpoints.titus),
    flowLogs: [{ bucket: cloud.bucket, prefix: cloud.prefix, region: cloud.region, endpoint: cloud.endpoints.s3 }],
  })
  // Nothing was polled yet, which is no fault.
  expect(named(wrong)).toEqual([
    `warn change stream ${folder}/data`,
    `warn configuration ${source}`,
    'warn configuration titus/main',
  ])
  expect(code).toBe(0)
  expect(named(findings)).toEqual(
    expect.arrayContaining([
      `ok data folder ${folder}/data`,
      'ok port 127.0.0.1:0',
      `ok credentials ${source}`,
      `ok permissions ${source}`,
      `ok clock EC2 of ${source}`,
      'ok endpoint titus/main',
      'ok clock Titus of titus/main',
      `ok store ${folder}/data/store`,
      `ok store rights ${folder}/data/store`,
    ]),
  )
  const detailOf = (check: string) => findings.filter(each => each.check === check).map(({ detail }) => detail)
  expect(detailOf('credentials')).toEqual([expect.stringMatching(/^arn:aws:.*without end$/)])
  expect(detailOf('permissions')).toEqual([expect.stringContaining('DescribeTrunkInterfaceAssociations')])
  expect(detailOf('flow logs')).toEqual([
    's3:ListBucket is allowed',
    expect.stringMatching(/^s3:GetObject is allowed: .*\.log\.gz can be read$/),
  ])
  expect(detailOf('store')).toEqual([expect.stringMatching(/^ClickHouse \d+\..*all migrations are there$/)])
}, 120_000)

test('an action that is denied is named, with what to allow', async () => {
  ec2Api.tamper = ({ action, xml }) =>
    action === 'DescribeInstances' ? { status: 403, code: 'UnauthorizedOperation' } : xml
  const { code, wrong } = await diagnose({ data: data(), ec2: ec2Of() })
  expect(code).toBe(1)
  expect(wrong).toContainEqual({
    check: 'permissions',
    about: source,
    status: 'fail',
    detail: expect.stringMatching(/^ec2:DescribeInstances: WHOHAD_EC2_DENIED: /),
    mend: expect.stringContaining('Allow ec2:DescribeInstances'),
  })
  expect(wrong.filter(({ check }) => check === 'permissions')).toHaveLength(1)
}, 60_000)

test('credentials of another account, and a role that may not be assumed', async () => {
  const role = `arn:aws:iam::${cloud.account}:role/whohad`
  const other = await diagnose({ data: data(), ec2: ec2Of({ account: '999999999999' }) })
  expect(other.wrong).toContainEqual(
    expect.objectContaining({ check: 'credentials', detail: expect.stringContaining('WHOHAD_EC2_WRONG_ACCOUNT') }),
  )
  const stranger = await diagnose({ data: data(), ec2: ec2Of({ roleArn: role, externalId: 'wrong' }) })
  expect(stranger.wrong).toContainEqual(
    expect.objectContaining({ check: 'credentials', detail: expect.stringContaining('sts:AssumeRole') }),
  )
  const role1 = await diagnose({ data: data(), ec2: ec2Of({ roleArn: role, externalId: 'simulated' }) })
  expect(role1.findings).toContainEqual(
    expect.objectContaining({ check: 'credentials', status: 'ok', detail: expect.stringMatching(/until \d{4}-.*Z$/) }),
  )
}, 60_000)

test('what does not answer is unreachable, and what was sent in secret is not shown', async () => {
  const { code, wrong, printed } = await diagnose({
    data: data(),
    ec2: ec2Of({ endpoint: CLOSED, stsEndpoint: CLOSED }),
    titus: titusOf('http://somebody:hunter-titus@127.0.0.1:9'),
    clickhouse: { url: 'http://somebody:hunter-url@127.0.0.1:9', password: 'hunter-store' },
    kafka: {
      brokers: ['127.0.0.1:9'],
      schemaRegistryUrl: CLOSED,
      saslMechanism: 'plain',
      saslUsername: 'u',
      saslPassword: 'hunter-kafka',
    },
    awsRanges: { url: `${CLOSED}/ip-ranges.json` },
    flowLogs: [{ bucket: 'b', region: 'us-east-1', endpoint: CLOSED, queueUrl: `${CLOSED}/1/queue` }],
    api: { port: 0, oidcIssuer: 'i', oidcAudience: 'a', oidcJwksUrl: `${CLOSED}/jwks` },
  })
  expect(code).toBe(4)
  const unreachable = wrong.filter(each => each.unreachable).map(({ check, about }) => `${check} ${about}`)
  expect(unreachable).toEqual(
    expect.arrayContaining([
      `credentials ${source}`,
      'endpoint titus/main',
      'endpoint aws-ranges/main',
      'flow logs s3://b/',
      'queue queue',
      'broker 127.0.0.1:9',
      'schema registry http://127.0.0.1:9',
      'store http://127.0.0.1:9',
      'login http://127.0.0.1:9/jwks',
      'change stream whohad.changes',
    ]),
  )
  expect(wrong.filter(({ status, mend }) => status === 'fail' && !mend)).toEqual([])
  expect(printed).not.toContain('hunter')
}, 120_000)

const listening = (server: Server | HttpServer) =>
  new Promise<string>(resolve =>
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  )

test('a check that hangs says so, and holds up no other', async () => {
  const silent = createServer(() => {})
  const url = await listening(silent)
  const { code, wrong, findings } = await diagnose({ data: data(), titus: titusOf(url), ec2: ec2Of() }, 5)
  expect(code).toBe(4)
  expect(wrong).toContainEqual(
    expect.objectContaining({
      check: 'endpoint',
      about: 'titus/main',
      detail: 'no answer within 5 s',
      unreachable: true,
    }),
  )
  expect(named(findings)).toContain(`ok permissions ${source}`)
  silent.close()
}, 60_000)

/** Allows every action, and its clock is `aheadMs` ahead. */
const ec2WithClock = (aheadMs: () => number) =>
  createHttp((request, response) => {
    request.resume()
    const body =
      '<Response><Errors><Error><Code>DryRunOperation</Code><Message>Request would have succeeded, but DryRun flag is set.</Message></Error></Errors><RequestID>r</RequestID></Response>'
    response.writeHead(412, { 'content-type': 'text/xml', date: new Date(Date.now() + aheadMs()).toUTCString() })
    response.end(body)
  })

test('a clock that is off by more than is promised is told of; one that may be right is not', async () => {
  let aheadMs = 0
  const server = ec2WithClock(() => aheadMs)
  const endpoint = await listening(server)
  const clockBy = async (ms: number, clockErrorSeconds: number) => {
    aheadMs = ms
    const { findings } = await diagnose({ data: data(), ec2: ec2Of({ endpoint, clockErrorSeconds }) })
    expect(named(findings)).toContain(`ok permissions ${source}`)
    return findings.find(({ check }) => check === 'clock')
  }
  expect(await clockBy(0, 0.1)).toMatchObject({ status: 'ok' })
  const ahead = await clockBy(30_000, 0.1)
  expect(ahead).toMatchObject({ status: 'fail', mend: expect.stringContaining('NTP') })
  // The header shows a whole second, and the reply takes its time: never more than the truth.
  expect(ahead?.detail).toMatch(
    /^at least (30\.0|2\d\.\d) s ahead of this host, and ec2\[\]\.clockErrorSeconds promises 0\.1 s$/,
  )
  expect(await clockBy(-30_000, 0.1)).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('behind this host'),
  })
  expect(await clockBy(30_000, 40)).toMatchObject({ status: 'ok' })
  server.closeAllConnections()
  server.close()
}, 60_000)

test('this machine: a port that is taken, a folder that is none, files that are not there', async () => {
  const taken = createServer()
  const port = Number(new URL(await listening(taken)).port)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'data'), 'a file, where a folder should be')
  await writeFile(join(folder, 'ca.pem'), 'no certificate')
  const { code, wrong } = await diagnose({
    data: { path: join(folder, 'data/below') },
    api: { port, keysFile: join(folder, 'keys') },
    kafka: { tlsCaFile: join(folder, 'ca.pem') },
  })
  taken.close()
  expect(code).toBe(1)
  expect(named(wrong.filter(({ status }) => status === 'fail'))).toEqual([
    `fail data folder ${folder}/data/below`,
    `fail port 127.0.0.1:${port}`,
    'fail file api.keysFile',
    'fail file kafka.tlsCaFile',
  ])
  expect(wrong.find(({ check }) => check === 'port')?.mend).toContain('api.port')
}, 60_000)
