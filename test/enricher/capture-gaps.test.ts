import { expect, test } from 'vitest'
import { type ObjectContext, processObject } from '../../src/enricher/object.ts'
import { followingView } from '../../src/enricher/view.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { memoryBucket, memoryLog, memoryStore, reportInto } from '../support/enricher-bench.ts'
import { NOW_MS, SAMPLE_ENI, sampleChanges, VPC, VPC_2014 } from '../support/flow-log-inventory.ts'

const never = new AbortController().signal

async function processed(text: string) {
  const log = memoryLog()
  const view = followingView(createOwnershipIndex(), log, never)
  await log.append(sampleChanges())
  for await (const batch of log.read({ from: view.position(), follow: false, signal: never })) await view.apply(batch)
  const store = memoryStore()
  const bucket = memoryBucket()
  const context: ObjectContext = {
    ...{ open: bucket.open, view, store, rules: [{ domain: 'ruled', vpc: 'vpc-9' }], slackMs: 60_000 },
    ...{ clock: { now: () => NOW_MS, sleep: async () => {} }, report: reportInto([]) },
  }
  const { object } = await processObject(bucket.put('a.log', text), context)
  return { object, gaps: [...store.gaps.values()] }
}

test('NODATA and SKIPDATA are gaps of their interface and time, with the domain that it was in, and no flows', async () => {
  const line = (eni: string, vpc: string, start: string, status: string) =>
    `2 123456789010 ${eni} ${vpc} - - ${start} ${start === '-' ? '-' : Number(start) + 59} ${status}`
  const { object, gaps } = await processed(
    [
      'version account-id interface-id vpc-id srcaddr dstaddr start end log-status',
      line(SAMPLE_ENI, '-', '1418530010', 'NODATA'),
      line('eni-nowhere', 'vpc-9', '1418530010', 'SKIPDATA'),
      line('eni-nowhere', '-', '1418530010', 'SKIPDATA'),
      line('-', '-', '-', 'NODATA'),
    ].join('\n'),
  )
  expect(object).toMatchObject({ state: 'committed', records: 0, skipped: 4, deadLetters: 0 })
  const common = { objectId: object.objectId, generation: 1, account: '123456789010' }
  const span = { fromMs: 1418530010_000, untilMs: 1418530070_000 }
  expect(gaps).toEqual([
    { ...common, ...span, record: 1, status: 'NODATA', recorder: SAMPLE_ENI, domains: [expect.any(String)] },
    { ...common, ...span, record: 2, status: 'SKIPDATA', recorder: 'eni-nowhere', domains: ['ruled'] },
    { ...common, ...span, record: 3, status: 'SKIPDATA', recorder: 'eni-nowhere', domains: [] },
    { ...common, record: 4, status: 'NODATA', recorder: '', domains: [], fromMs: null, untilMs: null },
  ])
  expect([VPC, VPC_2014]).toContain(gaps[0]?.domains[0])
})
