import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectChdb } from '../../src/store/connect.ts'
import { createExecutor } from '../../src/store/executor.ts'
import { openStore } from '../../src/store/open-store.ts'
import { storeContract } from '../contract/store.ts'
import { executorContract } from '../contract/store-executor.ts'
import { storeFilesContract } from '../contract/store-files.ts'
import { storeQuestionsContract } from '../contract/store-questions.ts'
import { type Child, startChild } from '../support/clickhouse-child.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { recordedReport, testClock } from '../support/clickhouse-rows.ts'

// The engine opens one folder per process, so all of this file shares one.
const path = await temporaryFolder('chdb')
const { client: holder } = await connectChdb({ driver: 'chdb', path })
afterAll(() => holder.close())

const dependencies = () => {
  const { report, happenings } = recordedReport()
  return { dependencies: { clock: testClock, report }, happenings }
}

storeContract('chDB', async () => {
  const store = await openStore({ driver: 'chdb', path }, dependencies().dependencies)
  return { store, client: holder, close: () => store.close() }
})

storeQuestionsContract('chDB', async () => {
  const store = await openStore({ driver: 'chdb', path }, dependencies().dependencies)
  return { store, client: holder, close: () => store.close() }
})

storeFilesContract('chDB', async () => {
  const store = await openStore({ driver: 'chdb', path }, dependencies().dependencies)
  return { store, client: holder, close: () => store.close() }
})

executorContract('chDB', async () => ({
  connect: async () => (await connectChdb({ driver: 'chdb', path })).client,
  close: async () => undefined,
}))

describe('the embedded engine', () => {
  test('statements leave threads of the pool to files and DNS', async () => {
    const { client, concurrency } = await connectChdb({ driver: 'chdb', path })
    const executor = createExecutor({
      client,
      where: path,
      clock: testClock,
      report: recordedReport().report,
      concurrency,
    })
    const order: string[] = []
    const slow = Array.from({ length: 8 }, () =>
      executor.rows('SELECT sleep(0.7) AS s').then(() => void order.push('statement')),
    )
    for (let i = 0; i < 3; i++) await stat(path)
    order.push('files')
    await Promise.all(slow)
    await executor.close()
    expect(order[0]).toBe('files')
  })

  test.each([
    [undefined, [{ event: 'threadPoolSmall', threads: 4, wanted: 8 }]],
    [4, [{ event: 'threadPoolSmall', threads: 4, wanted: 8 }]],
    [16, []],
  ])('a thread pool of %s is reported where it is small', async (threadPoolSize, expected) => {
    const { dependencies: given, happenings } = dependencies()
    const settings = { driver: 'chdb', path, ...(threadPoolSize === undefined ? {} : { threadPoolSize }) } as const
    await (await openStore(settings, given)).close()
    expect(happenings).toEqual([...expected, { event: 'opened', driver: 'chdb', where: path }])
  })

  test('a second folder in one process is refused in words', async () => {
    const other = await temporaryFolder('chdb-other')
    await expect(openStore({ driver: 'chdb', path: other }, dependencies().dependencies)).rejects.toMatchObject({
      code: 'WHOHAD_STORE_PATH_UNUSABLE',
      message: expect.stringContaining(other),
    })
  })

  test('a file in the way is named', async () => {
    const file = join(await temporaryFolder('chdb-file'), 'file')
    await writeFile(file, '')
    for (const path of [file, join(file, 'below')])
      await expect(openStore({ driver: 'chdb', path }, dependencies().dependencies)).rejects.toMatchObject({
        code: 'WHOHAD_STORE_PATH_UNUSABLE',
        message: expect.stringContaining(path),
      })
  })
})

describe('a folder that another process holds', () => {
  let child: Child
  let held: string
  beforeAll(async () => {
    held = await temporaryFolder('chdb-held')
    child = startChild('clickhouse-writer.ts', held, 'hold')
    expect((await child.lines.next()).value).toBe('open')
  })
  afterAll(() => child?.kill())

  test('is refused with the process that holds it', async () => {
    await expect(openStore({ driver: 'chdb', path: held }, dependencies().dependencies)).rejects.toMatchObject({
      code: 'WHOHAD_STORE_LOCKED',
      message: expect.stringMatching(new RegExp(`${held} is held by process ${child.process.pid}, since 20`)),
    })
  })
})
