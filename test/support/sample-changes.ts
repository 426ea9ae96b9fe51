import type { Change } from '../../src/ownership/claim.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'
import { claimOf, ownerOf, progressOf, sourceRecordOf } from './changes.ts'

/** What a version's stored samples are made of: between them every field has a value, and every one that may be null is. */
export const sampleChanges: Readonly<Record<Change['record'], readonly Change[]>> = {
  claim: [
    claimOf('ec2/123456789012/us-east-1', 3, 41),
    claimOf('titus/main', 12, 7, {
      id: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
      prefix: '2600:1f18::7/128' as Prefix,
      ports: { first: 1024, last: 65535 },
      layer: 'container',
      owners: [
        ownerOf('search-api', {
          cluster: 'search-api-main',
          stack: 'main',
          detail: 'canary',
          kind: 'container',
          resourceId: '8c6f1c1e-6a5b-4e0e-9d53-6a2b1c0d9e8f',
          zone: 'use1-az4',
          subnet: 'subnet-0c4d5e6f7a8b90123',
          host: 'i-0abc12345def67890',
          team: 'search@example.com',
          labels: { größe: 'XL', 'aws:cloudformation:stack-id': `arn:aws:cloudformation:${'x'.repeat(80)}` },
          forwards: true,
        }),
        ownerOf('search-web', { application: null, account: null, region: null, vpc: null, eni: null, namedBy: null }),
      ],
      lifetimeId: '8c6f1c1e-6a5b-4e0e-9d53-6a2b1c0d9e8f',
      start: { earliestMs: Number.NEGATIVE_INFINITY, latestMs: Number.POSITIVE_INFINITY },
      end: { earliestMs: -1, latestMs: 2 ** 52 - 1 },
      evidence: 'authoritative-time',
      state: 'closed',
      expects: ['instance', 'container'],
      whole: true,
    }),
  ],
  progress: [
    progressOf('ec2/123456789012/us-east-1', 3, 41),
    {
      ...progressOf('ec2/123456789012/us-east-1', 3, 42),
      completeUpToMs: Number.NEGATIVE_INFINITY,
      overAtMs: Number.NEGATIVE_INFINITY,
      refused: { reason: 'size-drop', detail: 'The poll showed 3 addresses, the one before 4000.' },
    },
  ],
  source: [
    sourceRecordOf('ec2/123456789012/us-east-1', 3),
    {
      ...sourceRecordOf('flow/edge', 4, 1),
      kind: 'flow',
      scope: [{ domain: 'inet.0', prefix: '0.0.0.0/0' as Prefix, layers: [], fromMs: Number.NEGATIVE_INFINITY }],
      bounds: {
        lagMs: 0,
        clockErrorMs: 100,
        bridgeMs: Number.POSITIVE_INFINITY,
        briefestHoldingMs: 60_000,
        longestGapMs: Number.POSITIVE_INFINITY,
      },
      validity: { fromMs: Number.NEGATIVE_INFINITY, untilMs: 1_800_000_000_000 },
    },
  ],
  horizon: [{ record: 'horizon', domain: 'vpc-1', beforeMs: 1_795_000_000_000 }],
}
