import type { Instance, NetworkInterface, Vpc } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import type { Claim } from '../../../src/ownership/claim.ts'
import type { Snapshot } from '../../../src/ownership/snapshot.ts'
import { diffSnapshot, type SourceState } from '../../../src/ownership/snapshot-diff.ts'
import { eni, instance, snapshot } from '../../support/ec2-listing.ts'
import { noDoubt } from '../../support/estate.ts'

const MINUTE = 60_000

const vpc: Vpc = {
  VpcId: 'vpc-1',
  State: 'available',
  CidrBlockAssociationSet: [{ CidrBlock: '10.0.0.0/16', CidrBlockState: { State: 'associated' } }],
}

/** One poll a minute of what the listings show; the claims of the instance layer as they stand at the end. */
function claimsAfter(...polls: readonly Parameters<typeof snapshot>[0][]): readonly Claim[] {
  const claims = new Map<string, Claim>()
  let state: SourceState = {
    epoch: 1,
    sequence: 0,
    completeUpToMs: null,
    addresses: 0,
    claims: new Map(),
    record: null,
  }
  polls.forEach((parts, minute) => {
    const diff = diffSnapshot(state, later(snapshot({ vpcs: [vpc], ...parts }), minute * MINUTE), {
      source: 'ec2/111122223333/us-east-1',
      kind: 'ec2',
      bounds: { ...noDoubt, bridgeMs: 3 * MINUTE },
      identify: key => key,
    })
    state = diff.next
    for (const change of diff.changes) if (change.record === 'claim') claims.set(change.id, change)
  })
  return [...claims.values()].filter(({ layer }) => layer === 'instance')
}

const EPOCH = Date.UTC(2026, 10, 20, 10, 11, 12)
/** The listings' pages are dated from zero; the interface was attached at EPOCH. */
function later({ sighting, scope, bindings }: Snapshot, byMs: number): Snapshot {
  const moved = (at: Snapshot['sighting']) => ({
    sentAtMs: at.sentAtMs + EPOCH + byMs,
    receivedAtMs: at.receivedAtMs + EPOCH + byMs,
  })
  return {
    sighting: moved(sighting),
    scope,
    bindings: bindings.map(one => ({ ...one, sighting: moved(one.sighting) })),
  }
}

const tagged = (tags: Readonly<Record<string, string>>): Instance => ({
  ...instance,
  Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
})
const inWords = ({ owners: [owner], state, start, end }: Claim) => ({
  application: owner?.application,
  namedBy: owner?.namedBy,
  state,
  from: [start.earliestMs - EPOCH, start.latestMs - EPOCH],
  until: [end.earliestMs - EPOCH, end.latestMs - EPOCH],
})

describe('a change of name without a change of address is a new owner’s interval', () => {
  test.each([
    ['a tag', { app: 'api' }, { app: 'billing' }, 'tag:app', 'tag:app'],
    [
      'the rule that finds one',
      { 'aws:autoscaling:groupName': 'api-v001' },
      { app: 'billing' },
      'asg-frigga',
      'tag:app',
    ],
    [
      'the Auto Scaling group',
      { 'aws:autoscaling:groupName': 'api-prod-v001' },
      { 'aws:autoscaling:groupName': 'billing-prod-v002' },
      'asg-frigga',
      'asg-frigga',
    ],
  ])('by %s', (_, before, after, ruleBefore, ruleAfter) => {
    const [first, second, ...others] = claimsAfter(
      { interfaces: [eni], instances: [tagged(before)] },
      { interfaces: [eni], instances: [tagged(after)] },
    ).map(inWords)
    expect(others).toEqual([])
    // Seen as `api` by the poll of 200 to 310, missing from the next: between the two it changed.
    expect(first).toMatchObject({ application: 'api', namedBy: ruleBefore, state: 'missing', until: [200, 60_410] })
    expect(second).toMatchObject({ application: 'billing', namedBy: ruleAfter, state: 'open', from: [100, 60_310] })
  })

  test('a name that comes late was true all along, and one that vanishes is still true', () => {
    const claims = claimsAfter(
      { interfaces: [eni], instances: [tagged({})] },
      { interfaces: [eni], instances: [tagged({ app: 'api' })] },
      { interfaces: [eni], instances: [tagged({})] },
    ).map(inWords)
    const ofApi = claims.filter(({ application }) => application === 'api')
    expect(ofApi).toMatchObject([{ from: [0, 310] }])
    expect(ofApi[0]?.state).not.toBe('closed')
  })

  test('the team and the Name tag describe an owner and make no new one', () => {
    const claims = claimsAfter(
      { interfaces: [eni], instances: [tagged({ app: 'api', team: 'a', Name: 'one' })] },
      { interfaces: [eni], instances: [tagged({ app: 'api', team: 'b', Name: 'two' })] },
    )
    expect(claims).toMatchObject([{ state: 'open', owners: [{ team: 'b', labels: { name: 'two' } }] }])
  })
})

describe('times that the API states', () => {
  const secondary: NetworkInterface = {
    ...eni,
    PrivateIpAddresses: [
      { PrivateIpAddress: '10.0.0.5', Primary: true, Association: { PublicIp: '198.51.100.7' } },
      { PrivateIpAddress: '10.0.0.9', Primary: false },
    ],
    Ipv4Prefixes: [{ Ipv4Prefix: '10.0.1.16/28' }],
    Ipv6Addresses: [{ Ipv6Address: 'fd00::7' }],
  }
  const launched = { ...instance, LaunchTime: new Date(EPOCH - 86_400_000) }

  test('the attachment bounds the instance’s hold on every address from below, and no interface’s', () => {
    const { bindings } = snapshot({ interfaces: [secondary], instances: [launched] })
    const attached = [{ edge: 'start', kind: 'exact', subject: 'attachment', atMs: EPOCH }]
    for (const { layer, stated, prefix } of bindings) {
      expect({ layer, prefix, stated }).toEqual({ layer, prefix, stated: layer === 'instance' ? attached : [] })
    }
    expect(bindings).toHaveLength(10)
  })

  test('an instance’s hold begins no earlier than its attachment, and when after that nobody says', () => {
    const claims = claimsAfter({ interfaces: [secondary], instances: [launched] })
    expect(claims).toHaveLength(5)
    for (const claim of claims) expect(inWords(claim).from).toEqual([0, 310])
  })

  test('an attachment that the API does not date leaves the beginning open', () => {
    const { AttachTime: _, ...Attachment } = eni.Attachment ?? {}
    const [claim] = claimsAfter({ interfaces: [{ ...eni, Attachment }], instances: [launched] })
    expect(claim?.start.earliestMs).toBe(Number.NEGATIVE_INFINITY)
  })
})
