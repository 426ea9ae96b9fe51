import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fileObject, openFlowFile } from '../../../src/enricher/flowlogs/files.ts'
import { objectIdOf, partsOfKey } from '../../../src/enricher/flowlogs/object-ref.ts'
import { collect } from '../../support/byte-streams.ts'

const folder = mkdtempSync(join(tmpdir(), 'whohad-files-'))
afterAll(() => rmSync(folder, { recursive: true }))

test("the key's name tells region and window, in every layout of folders, as text and as Parquet", () => {
  const stem = '123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456'
  const oldestEndMs = Date.UTC(2018, 5, 20, 16, 20)
  const newestEndMs = Date.UTC(2018, 5, 20, 16, 25)
  for (const folders of [
    'AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/',
    'AWSLogs/o-a1b2c3d4e5/123456789012/vpcflowlogs/us-east-1/2018/06/20/16/',
    'a/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2018/month=06/day=20/hour=16/',
    '',
  ]) {
    for (const suffix of ['.log.gz', '.log.parquet'])
      expect(partsOfKey(folders + stem + suffix)).toEqual({ region: 'us-east-1', oldestEndMs, newestEndMs })
  }
})

test.for([
  'some/other.log',
  'a_vpcflowlogs_us-east-1_fl-1_20181320T1620Z_a.log.gz',
  'a_vpcflowlogs_us-east-1_fl-1_20180620T2460Z_a.log',
])('the key %s tells nothing', key => {
  expect(partsOfKey(key)).toBeUndefined()
})

test('an object has the same id for ever, and another one when it is written anew', () => {
  const object = { bucket: 'b', key: 'k', etag: 'e', sizeBytes: 1 }
  expect(objectIdOf(object)).toMatch(/^[0-9a-f]{32}$/)
  expect(objectIdOf({ ...object, sizeBytes: 2 })).toBe(objectIdOf(object))
  const others = [{ etag: 'f' }, { key: 'ke', etag: '' }, { bucket: 'bk', key: '' }].map(change => ({
    ...object,
    ...change,
  }))
  expect(new Set([object, ...others].map(objectIdOf)).size).toBe(4)
})

test('a file is an object by its path and contents', async () => {
  const path = join(folder, 'a.log')
  writeFileSync(path, 'srcaddr dstaddr\n')
  const first = await fileObject(path)
  expect(first).toMatchObject({ bucket: '', key: path, sizeBytes: 16 })
  expect(Buffer.concat(await collect(await openFlowFile(path))).toString()).toBe('srcaddr dstaddr\n')
  writeFileSync(path, 'srcaddr dstaddr end\n')
  expect(objectIdOf(await fileObject(path))).not.toBe(objectIdOf(first))
})

test('a file that cannot be read is named, with the reason', async () => {
  const missing = join(folder, 'missing.log')
  await expect(openFlowFile(missing)).rejects.toMatchObject({
    code: 'WHOHAD_FLOW_FILE_UNREADABLE',
    message: `Cannot read ${missing}: there is no such file. Check the path and its permissions; "-" stands for standard input.`,
  })
  await expect(openFlowFile(folder)).rejects.toThrow(/it is a folder/)
  await expect(fileObject(missing)).rejects.toMatchObject({ code: 'WHOHAD_FLOW_FILE_UNREADABLE' })
})
