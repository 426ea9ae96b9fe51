import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { regionsOf } from '../../src/cli/ec2-settings.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { inventoriesOf } from '../../src/cli/sources.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { NO_EC2_REPORT } from '../../src/pollers/ec2/report.ts'
import { reasonOf } from '../../src/runtime/errors.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { ManualClock } from '../support/manual-clock.ts'

let path: string
beforeAll(async () => {
  path = join(await temporaryFolder('ec2-settings'), 'whohad.yaml')
})

function load(ec2: string) {
  writeFileSync(path, `ec2: ${ec2}\n`)
  return loadSettings({}, { config: path })
}

function complaint(ec2: string): string {
  try {
    load(ec2)
  } catch (error) {
    return reasonOf(error)
  }
  return expect.unreachable('nothing was complained about')
}

const ONE = 'account: "111122223333"'

describe('EC2 entries', () => {
  test('an entry has one region or several, and each is a source', () => {
    const settings = load(
      `[{ ${ONE}, regions: [us-east-1, eu-west-1] }, { account: "444455556666", region: us-east-1 }]`,
    )
    expect(settings.ec2.map(regionsOf)).toEqual([['us-east-1', 'eu-west-1'], ['us-east-1']])
    const parts = { index: createOwnershipIndex(), clock: new ManualClock(0), report: NO_EC2_REPORT }
    const sources = inventoriesOf(settings, parts).map(({ inventory }) => inventory.source)
    expect(sources).toEqual(['ec2/111122223333/us-east-1', 'ec2/111122223333/eu-west-1', 'ec2/444455556666/us-east-1'])
  })

  test.each([
    [`[{ ${ONE} }]`, 'ec2.111122223333: give one of region and regions'],
    [`[{ ${ONE}, region: a, regions: [b] }]`, 'ec2.111122223333: give one of region and regions'],
    [`[{ ${ONE}, regions: [] }]`, 'ec2.0.regions'],
    [`[{ ${ONE}, regions: [a, b] }, { ${ONE}, region: b }]`, '111122223333/b is listed twice'],
    [`[{ ${ONE}, regions: [a, a] }]`, '111122223333/a is listed twice'],
    [`[{ ${ONE}, region: a, externalId: sesame }]`, 'ec2.111122223333.externalId has no effect without'],
    [`[{ ${ONE}, region: a, roleArn: "arn:aws:iam::444455556666:role/x" }]`, 'is a role of account 444455556666'],
    [`[{ ${ONE}, region: a, roleArn: "arn:aws-cn:iam::111122223333:role/x" }]`, 'is in partition aws-cn, not aws'],
    [`[{ ${ONE}, region: a, roleArn: whohad }]`, 'ec2.0.roleArn'],
    [`[{ ${ONE}, region: a, sessionName: "no spaces" }]`, 'ec2.0.sessionName'],
    [`[{ ${ONE}, region: a, requestsPerSecond: 0 }]`, 'ec2.0.requestsPerSecond'],
    [`[{ ${ONE}, region: a, requestsPerSecond: 21 }]`, 'ec2.0.requestsPerSecond'],
    [`[{ ${ONE}, region: a, requestBurst: 0 }]`, 'ec2.0.requestBurst'],
    [`[{ ${ONE}, region: a, endpoint: "http://127.0.0.1:9" }]`, 'without ec2.111122223333.stsEndpoint the public STS'],
    [`[{ ${ONE}, region: a, endpoint: "http://localhost:4566" }]`, 'is on a network of your own'],
    [`[{ ${ONE}, region: a, endpoint: "https://10.1.2.3/ec2" }]`, 'is on a network of your own'],
    [`[{ ${ONE}, region: a, endpoint: "http://[::1]:9" }]`, 'is on a network of your own'],
    [`[{ ${ONE}, region: a, endpoint: "http://[fd00::7]" }]`, 'is on a network of your own'],
  ])('%s', (text, said) => {
    expect(complaint(text)).toContain(said)
  })

  test.each([
    'endpoint: "http://127.0.0.1:9", stsEndpoint: "http://127.0.0.1:10"',
    'endpoint: "https://10.1.2.3", stsEndpoint: "https://sts.eu-west-1.amazonaws.com"',
    'endpoint: "https://vpce-1.ec2.eu-west-1.vpce.amazonaws.com"',
    'endpoint: "https://3.5.7.9"',
  ])('%s is taken', text => {
    expect(load(`[{ ${ONE}, region: a, ${text} }]`).ec2).toHaveLength(1)
  })

  test('a role of the account in its partition is taken', () => {
    const role = 'roleArn: "arn:aws-us-gov:iam::111122223333:role/path/whohad", externalId: sesame'
    expect(load(`[{ ${ONE}, region: a, partition: aws-us-gov, ${role} }]`).ec2).toHaveLength(1)
  })
})
