import type { Ip } from '../../src/ownership/address.ts'
import type { Answer, Holding, Question } from '../../src/ownership/answer.ts'
import type { Owner, SourceRecord } from '../../src/ownership/claim.ts'
import type { SourceView } from '../../src/ownership/ownership-index.ts'
import { toPrefix } from '../../src/ownership/prefix.ts'

/** 2017-05-25T00:05:48Z, the instant of the project's own example. */
export const EXAMPLE_MS = 1_495_670_748_000

export const prefixOf = (text: string) => {
  const prefix = toPrefix(text)
  if (prefix === undefined) throw new TypeError(`not a prefix: ${text}`)
  return prefix
}

export const owner = (application: string | null, resourceId: string, over: Partial<Owner> = {}): Owner => ({
  application,
  cluster: application && `${application}-main`,
  stack: 'main',
  detail: null,
  kind: 'container',
  resourceId,
  account: '123456789012',
  region: 'us-east-1',
  zone: 'us-east-1c',
  vpc: 'vpc-0a1b2c3d',
  subnet: 'subnet-0c4d5e6f',
  eni: 'eni-0f1e2d3c4b5a69788',
  host: 'i-0abc12345def67890',
  team: 'payments@example.com',
  labels: { tier: 'web' },
  namedBy: 'titus-job',
  forwards: false,
  ...over,
})

export const holding = (over: Partial<Holding> = {}): Holding => ({
  owner: owner('checkout', 'task-1'),
  layer: 'container',
  prefix: prefixOf('52.11.120.97/32'),
  source: 'titus/main',
  claimId: 'c1a1m1d',
  evidence: 'sighted',
  start: { earliestMs: EXAMPLE_MS - 3_600_000, latestMs: EXAMPLE_MS - 3_540_000 },
  end: { earliestMs: EXAMPLE_MS + 60_000, latestMs: Number.POSITIVE_INFINITY },
  lastSightingMs: EXAMPLE_MS + 60_000,
  ...over,
})

type Given = Partial<Omit<Answer, 'state' | 'reason'>> & Pick<Answer, 'question'>
const rest = (given: Given) => ({
  holding: null,
  candidates: [],
  candidatesTotal: given.candidates?.length ?? 0,
  under: [],
  underTotal: given.under?.length ?? 0,
  split: null,
  service: null,
  watermarkMs: EXAMPLE_MS + 60_000,
  final: true,
  ...given,
})

const instance = holding({
  owner: owner('titus-agents', 'i-0abc12345def67890', { kind: 'instance' }),
  layer: 'instance',
  source: 'ec2/123456789012/us-east-1',
})

/** One hand-made answer for each way in which an answer can look. */
export const answers = {
  owned: (question: Question): Answer => ({
    state: 'owned',
    reason: 'sighted',
    ...rest({ question, holding: holding(), under: [instance] }),
  }),
  ambiguous: (question: Question): Answer => ({
    state: 'ambiguous',
    reason: 'handoff',
    ...rest({
      question,
      final: false,
      candidates: [
        { holding: holding(), during: { fromMs: question.fromMs, untilMs: question.untilMs } },
        {
          holding: holding({ owner: owner('search', 'task-2'), claimId: 'c2' }),
          during: { fromMs: question.fromMs, untilMs: question.untilMs },
        },
        { holding: null, during: { fromMs: question.fromMs, untilMs: question.untilMs } },
      ],
      under: [instance],
    }),
  }),
  unowned: (question: Question): Answer => ({
    state: 'unowned',
    reason: 'absent-in-complete-polls',
    ...rest({ question }),
  }),
  unknown: (question: Question): Answer => ({
    state: 'unknown',
    reason: 'no-such-domain',
    ...rest({ question, watermarkMs: null, final: false }),
  }),
  external: (question: Question): Answer => ({
    state: 'external',
    reason: 'aws-service',
    ...rest({
      question,
      service: holding({
        owner: owner('S3', 's3/us-west-2', { kind: 'service', region: 'us-west-2', account: null, zone: null }),
        layer: 'service',
        prefix: prefixOf('52.11.0.0/16'),
        start: { earliestMs: Number.NEGATIVE_INFINITY, latestMs: Number.NEGATIVE_INFINITY },
      }),
    }),
  }),
} as const

export const question = (ip: Ip, over: Partial<Question> = {}): Question => ({
  ip,
  domain: 'inet.0',
  fromMs: EXAMPLE_MS,
  untilMs: EXAMPLE_MS + 1,
  nowMs: EXAMPLE_MS + 86_400_000,
  ...over,
})

/** A registered source whose scope is the given domains and prefixes. */
export const sourceView = (
  name: string,
  scopes: readonly (readonly [domain: string, prefix: string])[],
): SourceView => {
  const source: SourceRecord = {
    record: 'source',
    source: name,
    revision: { epoch: 1, sequence: 1 },
    kind: 'ec2',
    scope: scopes.map(([domain, prefix]) => ({
      domain,
      prefix: prefixOf(prefix),
      layers: ['interface', 'instance'],
      fromMs: 0,
    })),
    bounds: { lagMs: 0, clockErrorMs: 0, bridgeMs: 0, briefestHoldingMs: 0, longestGapMs: 0 },
    validity: { fromMs: 0, untilMs: Number.POSITIVE_INFINITY },
  }
  return { source, completeUpToMs: undefined, refused: null }
}
