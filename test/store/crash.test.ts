import { expect, test } from 'vitest'
import { openStore } from '../../src/store/open-store.ts'
import { startChild } from '../support/clickhouse-child.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { flow, manifest, recordedReport, testClock } from '../support/clickhouse-rows.ts'

test('kill -9 in mid-insert loses no acknowledged row, and repeating what was in hand doubles none', async () => {
  const path = await temporaryFolder('crash')
  const child = startChild('clickhouse-writer.ts', path)
  const acknowledged: string[] = []
  expect((await child.lines.next()).value).toBe('open')
  while (acknowledged.length < 12) {
    const { value, done } = await child.lines.next()
    if (done) throw new Error('the writer ended by itself')
    acknowledged.push(value)
  }
  await child.kill()
  for await (const objectId of child.lines) acknowledged.push(objectId)

  const { report } = recordedReport()
  const store = await openStore({ driver: 'chdb', path }, { clock: testClock, report })
  await store.migrate()
  const committed = await store.committedObjects()
  for (const objectId of acknowledged) expect(committed).toContain(objectId)

  // What a restarted writer does: it begins again with an object that it may have been cut off in.
  const again = [acknowledged.at(-1) ?? '', `object-${acknowledged.length}`]
  for (const objectId of again) {
    await store.insertFlows(Array.from({ length: 500 }, (_, record) => flow({ objectId, record: record + 1 })))
    await store.putObject(manifest({ objectId, state: 'committed', records: 500 }))
  }
  for (const objectId of [...acknowledged, ...again]) {
    const records = (await store.flowsOf(objectId)).map(row => row.record)
    expect(records).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
  }
  await store.close()
}, 90_000)
