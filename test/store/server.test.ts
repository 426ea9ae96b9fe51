import { createServer } from 'node:net'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectServer } from '../../src/store/connect.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/port.ts'
import { storeContract } from '../contract/store.ts'
import { executorContract } from '../contract/store-executor.ts'
import { storeFilesContract } from '../contract/store-files.ts'
import { storeQuestionsContract } from '../contract/store-questions.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { type ClickHouseHttp, startClickHouseHttp } from '../support/clickhouse-http.ts'
import { flow, type Happening, manifest, recordedReport, testClock } from '../support/clickhouse-rows.ts'

// A real server where one is named (with its credentials in the URL), else the double with chDB behind it.
const real = process.env['WHOHAD_TEST_CLICKHOUSE']
const double = await startClickHouseHttp(await temporaryFolder('http'), {
  username: 'whohad',
  password: 'secret',
})
afterAll(() => double.close())

const named = real === undefined ? undefined : new URL(real)
const access = {
  url: named?.origin ?? double.url,
  username: named === undefined ? 'whohad' : decodeURIComponent(named.username) || 'default',
  password: named === undefined ? 'secret' : decodeURIComponent(named.password),
}
const database = (purpose: string) => `whohad_test_${purpose}_${process.pid}`
const outside = createClient(access)
afterAll(() => outside.close())
const drop = (purpose: string) => outside.command({ query: `DROP DATABASE IF EXISTS ${database(purpose)}` })

/** A store in a database of its own, which goes with it. */
const openIn = (purpose: string) => async () => {
  const settings = { driver: 'server', ...access, database: database(purpose) } as const
  const store = await openStore(settings, { clock: testClock, report: recordedReport().report })
  await store.migrate()
  const client: ClickHouseClient = createClient({ ...access, database: database(purpose) })
  return {
    store,
    client,
    async close() {
      await store.close()
      await client.close()
      await drop(purpose)
    },
  }
}

const SERVER = real === undefined ? 'a server (the double)' : 'a real server'
storeContract(SERVER, openIn('store'))
storeQuestionsContract(SERVER, openIn('questions'))
storeFilesContract(SERVER, openIn('files'))

executorContract(SERVER, async () => {
  await outside.command({ query: `CREATE DATABASE ${database('executor')}` })
  return {
    connect: async () => connectServer({ driver: 'server', ...access, database: database('executor') }).client,
    close: async () => void (await drop('executor')),
  }
})

describe('a server by URL', () => {
  const open = (given: object) => {
    const settings = { driver: 'server', url: double.url, username: 'whohad', password: 'secret', ...given } as const
    const { report, happenings } = recordedReport()
    return { opening: openStore(settings, { clock: testClock, report }), happenings }
  }

  test('that does not answer is named without its credentials, with the key to correct', async () => {
    const port = await freePort()
    const failure = await open({ url: `http://someone:pass@127.0.0.1:${port}/` }).opening.catch(e => e)
    expect(failure).toMatchObject({ code: 'WHOHAD_CLICKHOUSE_UNREACHABLE', kind: 'unreachable', retriable: true })
    expect(failure.message).toContain(`http://127.0.0.1:${port}: `)
    expect(failure.message).toContain('clickhouse.url (WHOHAD_CLICKHOUSE__URL)')
    expect(failure.message).not.toContain('pass@')
  })

  test.each(['clickhouse:8123', 'not a url', 'http://someone:pass@127.0.0.1:1/?pasword=pass'])(
    'that is written as "%s" is refused in words, without its credentials',
    async url => {
      const failure = await open({ url }).opening.catch(e => e)
      expect(failure).toMatchObject({ code: 'WHOHAD_CLICKHOUSE_URL_MALFORMED', kind: 'usage' })
      expect(failure.message).not.toMatch(/pass@|=pass/)
    },
  )

  test('that knows another password refuses us, and the message keeps ours', async () => {
    const failure = await open({ password: 'not-that-one' }).opening.catch(e => e)
    expect(failure).toMatchObject({ code: 'WHOHAD_CLICKHOUSE_REFUSED', retriable: false })
    expect(failure.message).toContain('clickhouse.password')
    expect(failure.message).not.toContain('not-that-one')
  })

  test('a database name that is not a name is refused', async () => {
    await expect(open({ database: 'x; DROP DATABASE default' }).opening).rejects.toMatchObject({
      code: 'WHOHAD_CLICKHOUSE_REFUSED',
    })
  })
})

describe('a server that comes and goes', () => {
  let store: Store
  let happenings: Happening[]
  const wire: ClickHouseHttp = double

  beforeAll(async () => {
    const recorded = recordedReport()
    happenings = recorded.happenings
    const settings = { driver: 'server', url: wire.url, username: 'whohad', password: 'secret' } as const
    store = await openStore({ ...settings, database: 'comes_and_goes' }, { clock: testClock, report: recorded.report })
    await store.migrate()
  })
  afterAll(() => store?.close())

  test.each(['before', 'after'] as const)('a connection cut %s the insert ran leaves each row once', async when => {
    const objectId = `cut-${when}`
    const flows = [flow({ objectId, record: 1 }), flow({ objectId, record: 2 })]
    happenings.length = 0
    wire.cut(when, 2)
    await store.insertFlows(flows)
    await store.putObject(manifest({ objectId, state: 'committed' }))
    expect(await store.flowsOf(objectId)).toEqual(flows)
    expect(happenings.filter(happening => happening.event === 'statementRetried').length).toBe(2)
  })

  test('a server that stays away is an error after a few tries', async () => {
    wire.cut('before', 100)
    await expect(store.ping()).rejects.toMatchObject({ code: 'WHOHAD_CLICKHOUSE_UNREACHABLE' })
    wire.cut('before', 0)
    await store.ping()
  })

  test('no setting ever travels outside the statement', () => {
    const names = new Set(wire.requests.flatMap(search => [...search.keys()]))
    const known = /^(query|query_id|database|param_\w+)$/
    expect([...names].filter(name => !known.test(name))).toEqual([])
    expect(wire.requests.some(search => search.get('query')?.includes('SETTINGS max_execution_time'))).toBe(true)
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
