import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ec2Access, type Role } from '../../../src/pollers/ec2/access.ts'
import { ec2Inventory } from '../../../src/pollers/ec2/inventory.ts'
import { type Ec2Report, NO_EC2_REPORT } from '../../../src/pollers/ec2/report.ts'
import { DEFAULT_NAMING } from '../../../src/pollers/naming/rules.ts'
import { refusalOf } from '../../../src/pollers/refusal.ts'
import { ApiRefusal } from '../../../src/simulator/ec2-protocol.ts'
import type { Directory } from '../../../src/simulator/identities.ts'
import { listen } from '../../../src/simulator/loopback.ts'
import { type AskedOf, type Estates, startEstates } from '../../support/ec2-estates.ts'
import { noDoubt } from '../../support/estate.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const HOME = '999988887777'
const ONE = '111122223333'
const TWO = '444455556666'
const MINUTE_MS = 60_000
const NOW_MS = Date.UTC(2026, 10, 21, 12)
const signal = new AbortController().signal
const roleOf = (account: string, externalId = 'sesame'): Role => ({
  arn: `arn:aws:iam::${account}:role/whohad`,
  externalId,
  sessionName: 'whohad',
})
const directory: Directory = {
  keys: { AKIDHOME: HOME, AKIDONE: ONE },
  roles: {
    [roleOf(ONE).arn]: { trusts: [HOME], externalId: 'sesame' },
    [roleOf(TWO).arn]: { trusts: [HOME], externalId: 'sesame' },
  },
}

let clock: ManualClock
let estates: Estates
let onRequest: (request: AskedOf) => void
let late: string[]
const open: { close(): void }[] = []

const startWith = () =>
  startEstates({
    directory,
    sizes: {
      [`${ONE}/us-east-1`]: { interfaces: 12, subnets: 1 },
      [`${ONE}/eu-west-1`]: { interfaces: 5, subnets: 1 },
      [`${TWO}/us-east-1`]: { interfaces: 3, subnets: 1 },
    },
    now: () => clock.now(),
    before: request => onRequest(request),
  })

beforeEach(async () => {
  process.env['AWS_EC2_METADATA_DISABLED'] = 'true'
  clock = new ManualClock(NOW_MS)
  onRequest = () => undefined
  late = []
  estates = await startWith()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const each of open.splice(0)) each.close()
  await estates.close()
})

const report: Ec2Report = { ...NO_EC2_REPORT, ec2CredentialsNotRenewed: ({ source }) => void late.push(source) }

/** `key: null` leaves the credentials to the SDK's chain. */
type Asked = { region?: string; role?: Role; key?: string | null; sts?: string }

function accessOf(account: string, { region = 'us-east-1', role, key = 'AKIDHOME', sts = estates.sts }: Asked) {
  return ec2Access({
    account,
    region,
    source: `ec2/${account}/${region}`,
    clock,
    report,
    stsEndpoint: sts,
    ...(key === null ? {} : { credentials: { accessKeyId: key, secretAccessKey: 'none' } }),
    ...(role ? { role } : {}),
  })
}

function inventoryOf(account: string, asked: Asked = {}) {
  const { region = 'us-east-1' } = asked
  const access = accessOf(account, asked)
  const inventory = ec2Inventory({
    account,
    region,
    partition: 'aws',
    endpoint: estates.ec2,
    access,
    domainRules: [],
    naming: DEFAULT_NAMING,
    bounds: noDoubt,
    clock,
    pageSize: 5,
    report,
    random: () => 0,
  })
  open.push(inventory)
  return inventory
}

const interfacesIn = async (inventory: ReturnType<typeof inventoryOf>) =>
  (await inventory.list(signal)).bindings.filter(({ layer }) => layer === 'interface').length

const failure = (inventory: ReturnType<typeof inventoryOf>) =>
  inventory.list(signal).then(
    () => expect.unreachable('the listing was taken'),
    (error: Error) => error,
  )

const assumed = () => estates.identityRequests.filter(action => action === 'AssumeRole').length

describe('whose addresses are listed', () => {
  test('accounts and regions are listed side by side, each with a session of its own role', async () => {
    const inventories = [
      inventoryOf(ONE, { role: roleOf(ONE) }),
      inventoryOf(ONE, { role: roleOf(ONE), region: 'eu-west-1' }),
      inventoryOf(TWO, { role: roleOf(TWO) }),
    ]
    expect(await Promise.all(inventories.map(interfacesIn))).toEqual([12, 5, 3])
    const asked = new Set(estates.requests.map(({ account, region }) => `${account} ${region}`))
    expect(asked).toEqual(new Set([`${ONE} us-east-1`, `${ONE} eu-west-1`, `${TWO} us-east-1`]))
  })

  test('without a role the credentials themselves are used', async () => {
    expect(await interfacesIn(inventoryOf(ONE, { key: 'AKIDONE' }))).toBe(12)
    expect(estates.identityRequests).toEqual(['GetCallerIdentity'])
  })

  test('without either they are those of the environment', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDONE')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'none')
    const access = accessOf(ONE, { key: null })
    open.push(access)
    await access.confirm(signal)
    expect(access.who()).toBe(`arn:aws:iam::${ONE}:user/simulated`)
  })

  test('credentials of another account are refused before anything is listed', async () => {
    const error = await failure(inventoryOf(TWO, { key: 'AKIDONE' }))
    expect(error).toMatchObject({ code: 'WHOHAD_EC2_WRONG_ACCOUNT' })
    expect(error.message).toContain(`arn:aws:iam::${ONE}:user/simulated`)
    expect(error.message).toContain(`Set ec2[].account to ${ONE}`)
    expect(refusalOf(error).reason).toBe('wrong-account')
    expect(estates.requests).toEqual([])
  })

  test('they are asked for once for every key', async () => {
    const inventory = inventoryOf(ONE, { role: roleOf(ONE) })
    for (let poll = 0; poll < 3; poll++) await inventory.list(signal)
    expect(estates.identityRequests).toEqual(['AssumeRole', 'GetCallerIdentity'])
  })
})

describe('what is denied says who and what to allow', () => {
  test.each([
    ['a wrong external id', roleOf(ONE, 'abracadabra')],
    ['a role that is not there', { ...roleOf(ONE), arn: `arn:aws:iam::${ONE}:role/nobody` }],
  ])('%s', async (_, role) => {
    const error = await failure(inventoryOf(ONE, { role }))
    expect(error).toMatchObject({ code: 'WHOHAD_EC2_DENIED' })
    expect(error.message).toContain(`User: arn:aws:iam::${HOME}:user/simulated is not authorized`)
    expect(error.message).toContain(`Allow sts:AssumeRole on ${role.arn}`)
    expect(error.message).toContain('external id')
  })

  test('credentials that AWS does not know', async () => {
    const error = await failure(inventoryOf(ONE, { key: 'AKIDNOBODY' }))
    expect(error).toMatchObject({ code: 'WHOHAD_EC2_DENIED' })
    expect(error.message).toContain('InvalidClientTokenId')
  })

  test('a listing that the role may not make names the role', async () => {
    onRequest = () => {
      throw new ApiRefusal('UnauthorizedOperation', 'You are not authorized to perform this operation.', 403)
    }
    const error = await failure(inventoryOf(ONE, { role: roleOf(ONE) }))
    expect(error.message).toContain(`EC2 does not let arn:aws:sts::${ONE}:assumed-role/whohad/whohad list`)
    expect(error.message).toContain('Allow ec2:DescribeNetworkInterfaces')
  })

  test('an STS that does not answer is unreachable, and no denial', async () => {
    const gone = await startWith()
    await gone.close()
    expect(await failure(inventoryOf(ONE, { role: roleOf(ONE), sts: gone.sts }))).toMatchObject({
      code: 'WHOHAD_EC2_UNREACHABLE',
    })
  })
})

test('a stopped poll does not wait for credentials', async () => {
  const silent = await listen(
    () => new Promise<never>(() => undefined),
    () => () => undefined,
  )
  const access = accessOf(ONE, { role: roleOf(ONE), sts: silent.url })
  open.push(access)
  const stopping = new AbortController()
  const confirmed = access.confirm(stopping.signal)
  stopping.abort(new Error('stopped'))
  await expect(confirmed).rejects.toThrow('stopped')
  await silent.close()
})

describe('sessions', () => {
  test('are renewed before they expire, and kept until then', async () => {
    const inventory = inventoryOf(ONE, { role: roleOf(ONE) })
    for (let minute = 0; minute < 180; minute += 5) {
      await inventory.list(signal)
      clock.advance(5 * MINUTE_MS)
    }
    expect(assumed()).toBe(4)
    expect(late).toEqual([])
  })

  test('are renewed while a poll runs', async () => {
    const inventory = inventoryOf(ONE, { role: roleOf(ONE) })
    // Twelve interfaces in pages of five: ten minutes for each request.
    onRequest = () => clock.advance(10 * MINUTE_MS)
    expect(await interfacesIn(inventory)).toBe(12)
    expect(assumed()).toBeGreaterThan(1)
    expect(estates.identityRequests.at(-1)).toBe('GetCallerIdentity')
  })

  test('that end sooner than they said are renewed once, for all requests that EC2 refuses', async () => {
    const inventory = inventoryOf(ONE, { role: roleOf(ONE) })
    await inventory.list(signal)
    const [{ accessKeyId: revoked } = { accessKeyId: '' }] = estates.requests
    clock.advance(10 * MINUTE_MS)
    onRequest = ({ accessKeyId }) => {
      if (accessKeyId === revoked) throw new ApiRefusal('RequestExpired', 'Request has expired.')
    }
    expect(await interfacesIn(inventory)).toBe(12)
    expect(assumed()).toBe(2)
  })

  test('that are refused although they are new are not asked for again and again', async () => {
    onRequest = () => {
      throw new ApiRefusal('RequestExpired', 'Request has expired.')
    }
    expect(await failure(inventoryOf(ONE, { role: roleOf(ONE) }))).toMatchObject({ code: 'WHOHAD_EC2_DENIED' })
    expect(assumed()).toBe(1)
  })

  test('serve to their end where STS is away, which is reported, and no longer', async () => {
    const access = accessOf(ONE, { role: roleOf(ONE) })
    open.push(access)
    await access.confirm(signal)
    await estates.close()
    clock.advance(57 * MINUTE_MS)
    await access.confirm(signal)
    expect(late).toEqual([`ec2/${ONE}/us-east-1`])
    clock.advance(4 * MINUTE_MS)
    await expect(access.confirm(signal)).rejects.toMatchObject({ code: 'WHOHAD_EC2_UNREACHABLE' })
    estates = await startWith()
  })
})
