import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiBuckets } from '../../src/simulator/api-buckets.ts'
import type { SimulatedCloud } from '../../src/simulator/cloud.ts'
import { calmFaults, ec2ClientOf, MINUTE_MS, startSmallCloud } from '../support/simulator.ts'

describe('STS of the simulated cloud, by its real client', () => {
  let cloud: SimulatedCloud
  beforeAll(async () => {
    cloud = await startSmallCloud()
  })
  afterAll(() => cloud.close())

  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'none' }
  const stsOf = (keys = credentials) =>
    new STSClient({ endpoint: cloud.endpoints.sts, region: cloud.region, credentials: keys, maxAttempts: 1 })
  const role = () => ({ RoleArn: `arn:aws:iam::${cloud.account}:role/whohad`, RoleSessionName: 'test' })

  async function session(seconds: number) {
    const input = { ...role(), ExternalId: 'simulated', DurationSeconds: seconds }
    const { Credentials: given } = await stsOf().send(new AssumeRoleCommand(input))
    return {
      accessKeyId: given?.AccessKeyId ?? '',
      secretAccessKey: given?.SecretAccessKey ?? '',
      sessionToken: given?.SessionToken ?? '',
    }
  }

  test('says whose a key is, and a session that it is the role’s', async () => {
    expect((await stsOf().send(new GetCallerIdentityCommand({}))).Account).toBe(cloud.account)
    const { Arn } = await stsOf(await session(900)).send(new GetCallerIdentityCommand({}))
    expect(Arn).toBe(`arn:aws:sts::${cloud.account}:assumed-role/whohad/test`)
  })

  test('refuses a role without its external id', async () => {
    await expect(stsOf().send(new AssumeRoleCommand(role()))).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  test('a session ends for EC2 and for STS, each with its own code', async () => {
    const keys = await session(900)
    const ec2 = new EC2Client({
      endpoint: cloud.endpoints.ec2,
      region: cloud.region,
      credentials: keys,
      maxAttempts: 1,
    })
    expect((await ec2.send(new DescribeVpcsCommand({}))).Vpcs).toHaveLength(2)
    cloud.advanceTo(cloud.clock.now() + 16 * MINUTE_MS)
    await expect(ec2.send(new DescribeVpcsCommand({}))).rejects.toMatchObject({ name: 'RequestExpired' })
    await expect(stsOf(keys).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: expect.stringMatching(/^ExpiredToken/),
    })
  })

  test('another region of the account is empty', async () => {
    const ec2 = new EC2Client({ endpoint: cloud.endpoints.ec2, region: 'eu-west-1', credentials })
    expect((await ec2.send(new DescribeVpcsCommand({}))).Vpcs).toEqual([])
  })
})

test('the buckets of EC2 are those of an account, a region and an action', () => {
  const buckets = new ApiBuckets()
  const caller = { accessKeyId: 'AKIDEXAMPLE', account: '111122223333', arn: 'arn', region: 'us-east-1' }
  const admit = (action: string, atMs: number, region = 'us-east-1') =>
    buckets.admit({ ...caller, region }, action, atMs)
  for (let n = 0; n < 100; n++) admit('DescribeVpcs', 0)
  expect(() => admit('DescribeVpcs', 0)).toThrow('Request limit exceeded')
  admit('DescribeVpcs', 0, 'eu-west-1')
  admit('DescribeSubnets', 0)
  for (let n = 0; n < 20; n++) admit('DescribeVpcs', 1_000)
  expect(() => admit('DescribeVpcs', 1_000)).toThrow('Request limit exceeded')
})

test('a slow page takes the time that it is told to', async () => {
  const cloud = await startSmallCloud({ faults: { ...calmFaults, slowPageProbability: 1, slowPageMs: 90_000 } })
  try {
    const before = cloud.clock.now()
    await ec2ClientOf(cloud).send(new DescribeVpcsCommand({}))
    expect(cloud.clock.now() - before).toBeGreaterThanOrEqual(90_000)
  } finally {
    await cloud.close()
  }
})
