import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2'
import type { SourceBounds } from '../../ownership/claim.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { HedgeLimits } from '../hedge.ts'
import type { Inventory } from '../inventory.ts'
import type { BucketLimits } from '../token-bucket.ts'
import type { Ec2Access } from './access.ts'
import { measureAttempts } from './attempts.ts'
import type { Estate } from './estate.ts'
import { classified } from './failure.ts'
import { interfacesBySubnet, listEstate } from './listing.ts'
import type { Ec2Looking } from './look.ts'
import { type Ec2Report, NO_EC2_REPORT } from './report.ts'
import { ec2Requests } from './requests.ts'
import { toSnapshot } from './snapshot.ts'
import { type Targeted, targetedListing } from './targeted.ts'
import { type Trunk, trunksOf } from './trunks.ts'

export type Ec2Settings = Estate & {
  readonly bounds: SourceBounds
  readonly clock: Clock
  /** The region's own where it is left out. */
  readonly endpoint?: string
  /** The SDK's default chain where they are left out; `access` goes before. */
  readonly credentials?: NonNullable<EC2ClientConfig['credentials']>
  /** As whom to ask, confirmed before each listing. */
  readonly access?: Ec2Access
  /** 5 to 1000. The largest makes the fewest requests. */
  readonly pageSize?: number
  /** Tries of one request in all, the first included. */
  readonly attempts?: number
  readonly requestTimeoutMs?: number
  /** Of each action. */
  readonly budget?: BucketLimits
  /** Left out, no page is asked for twice. */
  readonly hedge?: HedgeLimits
  readonly report?: Ec2Report
  /** Numbers in [0, 1), for the waits between tries. */
  readonly random?: () => number
}

export type Ec2Inventory = Inventory &
  Ec2Looking & {
    /** A look at a few interfaces, within the same budget; beside `list` if need be. */
    readonly targeted: Targeted
    close(): void
  }

/**
 * A tenth of what AWS gives an account for a Describe action in a region (a bucket of 100 that fills by 20 a second): the
 * account's own tools draw on the same (aws.md §2.5).
 */
export const DEFAULT_BUDGET: BucketLimits = { perSecond: 2, burst: 10 }
const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 20_000

/** The ENIs, instances, addresses, subnets and VPCs of one account in one region, as one source. `close` ends the connections. */
export function ec2Inventory(settings: Ec2Settings): Ec2Inventory {
  const { account, region, bounds, clock, access, pageSize = 1000, report = NO_EC2_REPORT } = settings
  const source = `ec2/${account}/${region}`
  const client = clientOf(settings)
  const requests = ec2Requests({
    client,
    sightingOf: measureAttempts(client, clock),
    source,
    clock,
    report,
    budget: settings.budget ?? DEFAULT_BUDGET,
    hedge: settings.hedge ?? null,
    retry: { attempts: settings.attempts ?? 5, firstDelayMs: FIRST_DELAY_MS, longestDelayMs: LONGEST_DELAY_MS },
    renewCredentials: usedAtMs => access?.renew(usedAtMs) ?? false,
    random: settings.random,
  })
  const asking = async <T>(signal: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const stop = new AbortController()
    try {
      await access?.confirm(signal)
      const seen = await ask(AbortSignal.any([signal, stop.signal]))
      // Credentials may have been renewed on the way: what was seen counts only if these are the account's too.
      await access?.confirm(signal)
      return seen
    } catch (cause) {
      throw classified(cause, { account, region, who: access?.who() ?? null })
    } finally {
      // Of five listings side by side the others are of no use once one has failed.
      stop.abort()
    }
  }
  const look = targetedListing(requests, pageSize)
  let trunks: ReadonlyMap<string, Trunk> = new Map()
  let bySubnet: ReadonlyMap<string, number> = new Map()
  return {
    source,
    kind: 'ec2',
    bounds,
    list: (signal, onPage) =>
      asking(signal, async inner => {
        const listing = await listEstate({ requests, pageSize, signal: inner, onPage })
        trunks = trunksOf(listing)
        bySubnet = interfacesBySubnet(listing)
        return toSnapshot(listing, settings)
      }),
    targeted: (target, signal) => asking(signal, async inner => ({ ...(await look(target, inner)), trunks })),
    interfacesIn: subnet => bySubnet.get(subnet),
    close() {
      client.destroy()
      access?.close()
    },
  }
}

type Connection = Pick<Ec2Settings, 'region' | 'endpoint' | 'requestTimeoutMs' | 'access' | 'credentials'>

/** One connection pool to EC2 of a region, which does not try anything again. */
export function clientOf({ region, endpoint, requestTimeoutMs = 30_000, ...settings }: Connection): EC2Client {
  const credentials = settings.access?.credentials ?? settings.credentials
  return new EC2Client({
    region,
    // Tried again in requests.ts, within the budget, and nowhere else.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: requestTimeoutMs,
      // Without it the SDK only warns, and one silent server stops the poller for good.
      throwOnRequestTimeout: true,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  })
}
