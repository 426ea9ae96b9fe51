import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { CountSetup, FileCount } from '../../../src/enricher/workers/count-files.ts'
import { type Handled, ObjectPool, type PoolOptions } from '../../../src/enricher/workers/object-pool.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { changesOf, held } from '../../support/domain-worlds.ts'

const url = (path: string) => new URL(`../../../${path}`, import.meta.url).href
/** Threads start from sources. */
const execArgv = ['--import', url('bench/typescript.mjs')]
const faulty = url('test/support/faulty-handler.ts')

async function pooled<Task, Result>(
  options: Omit<PoolOptions, 'execArgv'>,
  work: (pool: ObjectPool<Task, Result>) => Promise<void>,
): Promise<void> {
  const pool = await ObjectPool.open<Task, Result>({ ...options, execArgv })
  try {
    await work(pool)
  } finally {
    await pool.close()
  }
}

async function allOf<Task, Result>(handled: AsyncIterable<Handled<Task, Result>>): Promise<Map<Task, unknown>> {
  const found = new Map<Task, unknown>()
  for await (const one of handled) found.set(one.task, 'result' in one ? one.result : one.error)
  return found
}

for (const threads of [0, 2]) {
  test(`with ${threads} threads an object that fails fails alone, and its error keeps its code`, async () => {
    await pooled<string, string>({ threads, module: faulty, setup: { name: 'a' } }, async pool => {
      const found = await allOf(pool.handleAll(['one', 'refuse', 'two', 'break', 'three']))
      expect(found.get('refuse')).toMatchObject({ code: 'WHOHAD_FLOW_HEADER_MISSING', kind: 'input' })
      expect(String(found.get('break'))).toContain('a defect')
      expect(['one', 'two', 'three'].map(task => found.get(task))).toEqual(['a one', 'a two', 'a three'])
    })
  })
}

test('a thread that dies fails the object that it was at, and another takes its place', async () => {
  await pooled<string, string>({ threads: 1, module: faulty, setup: { name: 'a' } }, async pool => {
    const found = await allOf(pool.handleAll(['one', 'die', 'two']))
    expect([...found.values()]).toMatchObject(['a one', { code: 'WHOHAD_WORKER_DIED', retriable: true }, 'a two'])
  })
})

test('a task is taken only once there is a thread for it, and none once the signal is aborted', async () => {
  await pooled<string, string>({ threads: 1, module: faulty, setup: { name: 'a' } }, async pool => {
    const taken: string[] = []
    const stop = new AbortController()
    async function* tasks() {
      for (const task of ['one', 'wait', 'never']) {
        taken.push(task)
        yield task
      }
    }
    const found: unknown[] = []
    for await (const handled of pool.handleAll(tasks(), stop.signal)) {
      found.push('result' in handled ? handled.result : 'failed')
      expect(taken.length - found.length).toBeLessThanOrEqual(1)
      setTimeout(() => stop.abort(), 50)
    }
    expect(found).toEqual(['a one', 'failed'])
  })
})

const HEADER = 'interface-id srcaddr dstaddr srcport dstport protocol bytes start end flow-direction'
const lines = (peer: string, count: number): string =>
  [
    HEADER,
    ...Array.from({ length: count }, (_, i) => `eni-1 10.0.0.5 ${peer} 1 2 6 10 ${100 + i} ${101 + i} egress`),
    '',
  ].join('\n')

test('threads count the same as none: files of any packing, over an index that they share', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'whohad-pool-'))
  const index = createOwnershipIndex()
  const own = { ...held('d1', '10.0.0.5', 'eni-1', 0, 1e6), layer: 'interface', owner: { eni: 'eni-1' } } as const
  for (const change of changesOf({ d1: ['10.0.0.0/24'] }, [own, held('d1', '10.0.0.9', 'peer', 0, 1e6)]))
    index.apply(change)
  const setup: CountSetup = { standing: index.standing(), rules: [], reaches: [], slackMs: 60_000, nowMs: 1e9 }
  const files = ['a.log', 'b.log.gz', 'c.log', 'missing.log'].map(name => join(folder, name))
  await writeFile(files[0] as string, lines('10.0.0.9', 700))
  await writeFile(files[1] as string, gzipSync(lines('10.0.0.10', 500)))
  await writeFile(files[2] as string, `${lines('8.8.8.8', 3)}eni-1 nonsense\n`)
  const module = url('src/enricher/workers/count-files.ts')
  const found: Map<string, unknown>[] = []
  for (const threads of [0, 2]) {
    await pooled<string, FileCount>({ threads, module, setup }, async pool => {
      found.push(await allOf(pool.handleAll(files)))
    })
  }
  await rm(folder, { recursive: true })
  const [alone, shared] = found.map(results => new Map([...results].map(([file, result]) => [file, plain(result)])))
  expect(shared).toEqual(alone)
  const owned = { state: 'owned', reason: 'sighted', flows: 700, bytes: 7000 }
  expect(alone?.get(files[0] as string)).toMatchObject({
    records: 700,
    counts: [
      { side: 'source', ...owned },
      { side: 'destination', ...owned },
    ],
  })
  expect(alone?.get(files[1] as string)).toMatchObject({ records: 500, others: 0 })
  expect(alone?.get(files[2] as string)).toMatchObject({ records: 3, others: 1 })
  expect(alone?.get(files[3] as string)).toEqual('WHOHAD_FLOW_FILE_UNREADABLE')
})

/** Verdicts are numbered as each thread meets them. */
function plain(result: unknown): unknown {
  if (result instanceof Error) return 'code' in result ? result.code : result.message
  const count = result as FileCount
  const counts = [...count.counts].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))
  return { ...count, counts: counts.sort((a, b) => b.side.localeCompare(a.side)) }
}
