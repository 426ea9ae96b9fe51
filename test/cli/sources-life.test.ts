import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { main } from '../../src/cli/main.ts'
import { type SimulatedCloud, startSimulatedCloud } from '../../src/simulator/cloud.ts'
import { testApi } from '../support/api.ts'
import { FAKE_CREDENTIALS } from '../support/cli.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { calmFaults } from '../support/simulator.ts'
import { onlyItems, startTamperedEc2, type TamperedEc2, untouched } from '../support/tampered-ec2.ts'

/** Commands of the command line, in this process, against a simulated cloud and a folder. */
let cloud: SimulatedCloud
let ec2Api: TamperedEc2
let folder: string
let source: string

beforeAll(async () => {
  for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) vi.stubEnv(name, value)
  const nowMs = Date.now()
  cloud = await startSimulatedCloud({ seed: 4, startMs: nowMs - 600_000, hosts: 12, groups: 4, faults: calmFaults })
  cloud.advanceTo(nowMs)
  cloud.clock.followWallClock()
  ec2Api = await startTamperedEc2(cloud.endpoints.ec2)
  source = `ec2/${cloud.account}/${cloud.region}`
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await ec2Api.close()
  await cloud.close()
})
beforeEach(async () => {
  ec2Api.tamper = untouched
  folder = await temporaryFolder('life')
  configure({})
})
afterEach(() => {
  process.exitCode = undefined
})

function configure(more: object, ec2 = true): void {
  const { account, region, partition, endpoints } = cloud
  const declared = { account, region, partition, endpoint: ec2Api.endpoint, stsEndpoint: endpoints.sts, lagSeconds: 1 }
  const settings = {
    api: { port: 0 },
    data: { path: join(folder, 'data') },
    ec2: ec2 ? [{ ...declared, ...more }] : [],
  }
  writeFileSync(join(folder, 'whohad.yaml'), stringify(settings))
}

/** What `whohad …` prints, says and ends with. */
async function run(...args: readonly string[]) {
  let stdout = ''
  let stderr = ''
  const written = [
    vi.spyOn(process.stdout, 'write').mockImplementation(text => {
      stdout += text
      return true
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation(text => {
      stderr += text
      return true
    }),
  ]
  process.exitCode = undefined
  try {
    await main(['node', 'whohad', ...args, '--config', join(folder, 'whohad.yaml')])
  } finally {
    for (const spy of written) spy.mockRestore()
  }
  const code = process.exitCode
  process.exitCode = undefined
  const lines = stdout.split('\n').filter(Boolean)
  return { code, stderr, lines: lines.map(line => JSON.parse(line) as Record<string, unknown>) }
}

const findings = async (...args: readonly string[]) => {
  const { code, lines } = await run('doctor', ...args)
  return {
    code,
    wrong: lines.filter(({ status }) => status !== 'ok'),
    checks: new Set(lines.map(({ check }) => check)),
  }
}

const interfacesFrom = (kept: (item: string, place: number) => boolean) =>
  function tamper({ action, xml }: { readonly action: string; readonly xml: string }) {
    return action === 'DescribeNetworkInterfaces' ? onlyItems(xml, 'networkInterfaceSet', kept) : xml
  }
const oneInFour = interfacesFrom((_item, place) => place % 4 === 0)

test('a dry run says what would change and writes nothing; a poll writes it, and the next one finds little new', async () => {
  const dry = await run('poll', '--dry-run')
  expect(dry.code).toBe(0)
  expect(dry.stderr).toMatch(new RegExp(`${source}: \\d+ claims would change; nothing was written`))
  expect((await run('sources', 'list')).stderr).toContain('WHOHAD_NOTHING_KNOWN')

  const first = await run('poll', '--once', '--source', source)
  expect(first.code).toBe(0)
  expect(first.lines.filter(({ id }) => id !== undefined).length).toBeGreaterThan(100)
  expect(first.lines.at(-1)).toMatchObject({ source, refused: null })
  const second = await run('poll', '--once')
  expect(second.code).toBe(0)
  expect(second.lines.length).toBeLessThan(first.lines.length / 2)
  expect((await run('sources', 'list')).lines).toMatchObject([
    { source, epoch: 2, isConfigured: true, removedAt: null },
  ])
})

test('what cannot be polled: nothing asked for, a strange source, an inventory that cannot be reached', async () => {
  expect((await run('poll')).code).toBe(2)
  const strange = await run('poll', '--once', '--source', 'ec2/1/mars')
  expect([strange.code, strange.stderr]).toEqual([2, expect.stringContaining(`There is: ${source}`)])
  configure({ endpoint: 'http://127.0.0.1:9' })
  expect((await run('poll', '--once')).code).toBe(4)
  expect((await findings()).wrong).toMatchObject([
    { check: 'permissions', unreachable: true },
    { check: 'progress', status: 'fail', detail: 'no complete poll yet' },
    { check: 'polls', status: 'fail', detail: expect.stringContaining('refused: unreachable') },
  ])
}, 60_000)

test('a mass change is refused until somebody accepts it, and what is worse than that is refused again', async () => {
  await run('poll', '--once')
  expect((await run('poll', 'accept', '--yes')).code).toBe(2)
  expect((await run('poll', 'accept', '--source', source, '--yes')).stderr).toContain('its newest poll counts')
  expect((await findings()).wrong).toEqual([])

  ec2Api.tamper = oneInFour
  const refused = await run('poll', '--once')
  expect([refused.code, refused.lines.length]).toEqual([1, 1])
  expect(refused.stderr).toContain(`whohad poll accept --source ${source}`)
  const sick = await findings()
  expect(sick.code).toBe(1)
  expect(sick.wrong).toMatchObject([
    {
      check: 'polls',
      about: source,
      detail: expect.stringContaining('size-drop'),
      mend: expect.stringContaining('poll accept'),
    },
  ])

  const asked = await run('poll', 'accept', '--source', source)
  expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('give --yes')])

  // Between what is shown and what would be published still more goes.
  let listings = 0
  ec2Api.tamper = passed => {
    if (passed.action === 'DescribeNetworkInterfaces') listings++
    return (listings > 1 ? interfacesFrom((_item, place) => place % 20 === 0) : oneInFour)(passed)
  }
  const worse = await run('poll', 'accept', '--source', source, '--yes')
  expect([worse.code, worse.stderr]).toEqual([1, expect.stringContaining('worse than what was accepted')])
  expect((await findings()).code).toBe(1)

  ec2Api.tamper = oneInFour
  const accepted = await run('poll', 'accept', '--source', source, '--yes')
  expect(accepted.code).toBe(0)
  expect(accepted.lines.filter(({ state }) => state === 'missing').length).toBeGreaterThan(50)
  expect((await findings()).code).toBe(0)
  expect((await run('poll', '--once')).code).toBe(0)
})

test('an acceptance is for what a guard refused, not for a listing that failed', async () => {
  await run('poll', '--once')
  ec2Api.tamper = ({ action, xml }) =>
    action === 'DescribeVpcs' ? { status: 403, code: 'UnauthorizedOperation' } : xml
  expect((await run('poll', '--once')).code).toBe(1)
  const { code, stderr } = await run('poll', 'accept', '--source', source, '--yes')
  expect([code, stderr]).toEqual([1, expect.stringContaining('WHOHAD_NOTHING_TO_ACCEPT')])
  expect(stderr).toContain('denied')
})

test('a source that is gone is removed as of a time, and polled no more', async () => {
  await run('poll', '--once')
  const early = await run('sources', 'remove', source, '--at', '2026-01-01T00:00Z', '--yes')
  expect([early.code, early.stderr]).toEqual([2, expect.stringContaining('are final')])
  expect((await run('sources', 'remove', 'ec2/1/mars', '--yes')).stderr).toContain('WHOHAD_SOURCE_UNKNOWN')
  const removed = await run('sources', 'remove', source, '--yes')
  expect([removed.code, removed.stderr]).toEqual([0, expect.stringContaining('is still configured')])
  expect((await run('sources', 'list')).lines).toMatchObject([{ source, removedAt: expect.stringMatching(/^20/) }])
  expect((await run('poll', '--once')).stderr).toContain('WHOHAD_SOURCE_REMOVED')
  expect((await findings()).wrong).toMatchObject([
    { check: 'configuration', detail: expect.stringContaining('removed') },
  ])
  configure({}, false)
  expect(await findings()).toMatchObject({ code: 0, wrong: [] })
})

test('a source that is not configured any more, and not polled, is named with the command', async () => {
  configure({ pollSeconds: 1 })
  await run('poll', '--once')
  configure({}, false)
  await new Promise(resolve => setTimeout(resolve, 2_600))
  const { code, wrong } = await findings()
  expect(code).toBe(1)
  expect(wrong).toContainEqual(
    expect.objectContaining({
      check: 'configuration',
      status: 'warn',
      mend: expect.stringContaining(`sources remove ${source}`),
    }),
  )
  expect(wrong).toContainEqual(
    expect.objectContaining({ check: 'progress', mend: expect.stringContaining('ended in good order') }),
  )
})

test('doctor asks a running server, and one that is not there is unreachable', async () => {
  const health = {
    source,
    kind: 'ec2',
    completeUpTo: null,
    behindSeconds: null,
    staleAfterSeconds: 150,
    stale: false,
    removedAt: null,
  }
  const refused = { reason: 'denied', detail: 'no rights', mend: 'give rights' }
  const checks = [{ name: 'store', ok: true, detail: 'answers' }]
  const now = new Date(Date.now() - 60_000).toISOString()
  const { app } = await testApi({
    ready: async () => ({ ready: true, now, checks, sources: [{ ...health, refused }] }),
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const { code, wrong } = await findings('--url', `http://127.0.0.1:${port}`)
  await app.close()
  expect(code).toBe(1)
  expect(wrong.map(({ check, about }) => [check, about])).toEqual([
    ['progress', source],
    ['polls', source],
    ['clock', 'the server'],
  ])
  expect(wrong[1]).toMatchObject({ mend: 'give rights' })
  expect((await findings('--url', `http://127.0.0.1:${port}`)).code).toBe(4)
})
