import type { Millis } from '../ownership/window.ts'
import { ApiBuckets } from './api-buckets.ts'
import { SHOWN_LATE_MS } from './containers.ts'
import { ec2Api } from './ec2-api.ts'
import { simulatorErrors } from './errors.ts'
import { defaultFaults, type Faults } from './faults.ts'
import { FlowLogs, type WrittenObject } from './flow-log.ts'
import { Identities } from './identities.ts'
import type { EndTruth, RecordTruth } from './ledger.ts'
import { listen, type Reply, type Request } from './loopback.ts'
import { ObjectStore } from './object-store.ts'
import { type Random, seededRandom } from './random.ts'
import { s3Api } from './s3-api.ts'
import { stsApi } from './sts-api.ts'
import { titusApi } from './titus-api.ts'
import { VirtualClock } from './virtual-clock.ts'
import { ACCOUNT, createWorld, PARTITION, REGION, type World } from './world.ts'

export type SimulatedCloudOptions = {
  readonly seed: number
  readonly startMs: Millis
  /** Titus hosts in VPC prod. */
  readonly hosts?: number
  readonly containersPerHost?: number
  /** Auto Scaling groups, 2 to 12, of five instances each. */
  readonly groups?: number
  /** Connections with packets in any one minute. The default makes about 140,000 records an hour. */
  readonly connectionsPerMinute?: number
  readonly faults?: Partial<Faults>
}

/** What this cloud promises, and keeps to. */
export type CloudBounds = {
  /** No reply shows anything staler. */
  readonly lagMs: number
  /** There is one clock. */
  readonly clockErrorMs: number
  /** No packet is earlier than its record's `start`. */
  readonly slackMs: number
  /** An address without a lifetime id never leaves its holder and comes back within this time. */
  readonly bridgeMs: number
  /** No instance or container holds an address for less. */
  readonly briefestHoldingMs: number
}

export type SampleQuestion = {
  readonly ip: string
  readonly atMs: Millis
  /** The routing domain: a VPC id. */
  readonly vpc: string
  readonly truth: EndTruth
}

export type SimulatedCloud = {
  readonly clock: VirtualClock
  readonly endpoints: { readonly ec2: string; readonly sts: string; readonly s3: string; readonly titus: string }
  readonly account: string
  readonly region: string
  readonly partition: string
  /** The flow log objects lie in `bucket` under `prefix/AWSLogs/…`. */
  readonly bucket: string
  readonly prefix: string
  readonly vpcs: readonly {
    readonly vpc: string
    readonly cidr: string
    readonly cidr6: string
    readonly name: string
  }[]
  readonly bounds: CloudBounds
  /** May be changed while the cloud runs. */
  readonly faults: Faults
  /** Lets the world live up to then. */
  advanceTo(ms: Millis): void
  /** The truth of each data line of an object: index 0 is the line after the header. Fails for an unknown key. */
  truthOf(objectKey: string): readonly RecordTruth[]
  /** A container's address some minutes ago, that has been another one's since. Fails while there is none. */
  sampleQuestion(): SampleQuestion
  close(): Promise<void>
}

const BOUNDS: CloudBounds = {
  lagMs: 10_000,
  clockErrorMs: 0,
  slackMs: 0,
  bridgeMs: 240_000,
  briefestHoldingMs: 90_000,
}
const BUCKET = 'whohad-simulated-flow-logs'
const PREFIX = 'network'
/** Any key may also come through this role. */
const ROLES = { [`arn:${PARTITION}:iam::${ACCOUNT}:role/whohad`]: { trusts: [ACCOUNT], externalId: 'simulated' } }

type Answer = (request: Request) => Reply | Promise<Reply>

/** Starts EC2, S3 and Titus on loopback, over one world whose truth it keeps. Same seed and requests: same bytes. */
export async function startSimulatedCloud(options: SimulatedCloudOptions): Promise<SimulatedCloud> {
  const { seed, startMs } = options
  const { hosts = 10, containersPerHost = 8, groups = 12, connectionsPerMinute = 600 } = options
  const world = createWorld(seed, startMs, { hosts, containersPerHost, groups }, BOUNDS)
  const store = new ObjectStore<WrittenObject>()
  new FlowLogs(world, seededRandom(seed, 'traffic'), PREFIX, connectionsPerMinute, object => store.put(object))
  const clock = new VirtualClock(startMs, nowMs => world.agenda.runTo(nowMs))
  const random = seededRandom(seed, 'requests')
  const faults: Faults = { ...defaultFaults, ...options.faults }
  const shownWithin = (lagMs: number) => () => clock.now() - staleness(random, lagMs)
  const viewWithin = (lagMs: number) => () => {
    const momentMs = shownWithin(lagMs)()
    return () => momentMs
  }

  const identities = new Identities({ anyKey: ACCOUNT, roles: ROLES }, () => clock.now())
  const serve = (answer: Answer) => listen(withLatency(clock, random, answer), () => clock.requestStarted())
  const [ec2, sts, s3, titus] = await Promise.all([
    serve(
      ec2Api(({ account, region }) => (account === ACCOUNT && region === REGION ? world : undefined), {
        faults,
        random,
        identities,
        buckets: new ApiBuckets(),
        nowMs: () => clock.now(),
        momentOf: shownWithin(BOUNDS.lagMs),
        pause: async ms => (clock.isLive ? clock.sleep(ms) : clock.advanceTo(clock.now() + ms)),
      }),
    ),
    serve(stsApi(identities)),
    serve(s3Api(BUCKET, store, faults, random, () => clock.now())),
    serve(titusApi(world, faults, random, viewWithin(BOUNDS.lagMs - SHOWN_LATE_MS))),
  ])
  return {
    clock,
    endpoints: { ec2: ec2.url, sts: sts.url, s3: s3.url, titus: titus.url },
    account: ACCOUNT,
    region: REGION,
    partition: PARTITION,
    bucket: BUCKET,
    prefix: PREFIX,
    vpcs: world.vpcs.map(({ id, name, cidr, cidr6 }) => ({ vpc: id, cidr, cidr6, name })),
    bounds: BOUNDS,
    faults,
    advanceTo: ms => clock.advanceTo(ms),
    truthOf: key => {
      const object = store.get(key, Number.POSITIVE_INFINITY)
      if (!object) throw simulatorErrors.objectUnknown({ key })
      return object.truth
    },
    sampleQuestion: () => sampleQuestion(world, clock.now()),
    close: async () => {
      await Promise.all([ec2.close(), sts.close(), s3.close(), titus.close()])
    },
  }
}

/** Mostly under three seconds, now and then as much as is allowed. */
const staleness = (random: Random, lagMs: number): number =>
  random.chance(0.85) ? random.integer(0, 3_000) : random.integer(3_000, lagMs)

/** The state of the reply lies in the middle of the time that the request takes. */
function withLatency(clock: VirtualClock, random: Random, answer: Answer) {
  return async (request: Request): Promise<Reply> => {
    const latencyMs = random.integer(20, 400)
    clock.advanceTo(clock.now() + latencyMs / 2)
    const reply = await answer(request)
    clock.advanceTo(clock.now() + latencyMs / 2)
    return reply
  }
}

function sampleQuestion(world: World, nowMs: Millis): SampleQuestion {
  const { containers, ledger } = world
  const owning = containers.acceptedBy(nowMs).flatMap(task => (task.ip === null ? [] : [{ ...task, ip: task.ip }]))
  const reused = owning.filter(({ eni, ip, moved, holdsFromMs, holdsUntilMs }) => {
    const presentMs = Math.max(holdsFromMs, world.startMs)
    const next = ledger.at(eni.subnet.vpc, ip, nowMs)
    return (
      moved === null &&
      holdsUntilMs - presentMs > 2 * BOUNDS.briefestHoldingMs &&
      holdsUntilMs < nowMs &&
      next?.holder.layer === 'container'
    )
  })
  const asked = reused.toSorted((a, b) => b.holdsUntilMs - a.holdsUntilMs)[0]
  if (!asked) throw simulatorErrors.nothingToAsk({ now: new Date(nowMs).toISOString() })
  const { subnet } = asked.eni
  const atMs = Math.floor((Math.max(asked.holdsFromMs, world.startMs) + asked.holdsUntilMs) / 2)
  return {
    ip: asked.ip,
    atMs,
    vpc: subnet.vpc,
    truth: ledger.during(subnet.vpc, asked.ip, { fromMs: atMs, untilMs: atMs + 1 }),
  }
}
