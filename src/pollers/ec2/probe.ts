import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DescribeTrunkInterfaceAssociationsCommand,
  DescribeVpcsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2'
import type { Clock, Millis } from '../../runtime/clock.ts'
import { type ClockDifference, differenceByHeader, narrowed } from '../../runtime/clock-difference.ts'
import type { Ec2Access } from './access.ts'
import { classified } from './failure.ts'
import { clientOf, type Ec2Settings } from './inventory.ts'
import type { Ec2Action } from './report.ts'

/** What was found out about one account and region without listing it. */
export type Ec2Probe = {
  /** The ARN of whom STS takes us for. */
  readonly who: string | null
  /** When the credentials end; null where they do not end by themselves. */
  readonly expireAtMs: Millis | null
  /** Every action of a listing; `failure` is null where it is allowed. */
  readonly actions: readonly { readonly action: Ec2Action; readonly failure: unknown }[]
  /** EC2's clock against this one; undefined where no reply had a date. */
  readonly clock: ClockDifference | undefined
}

export type ProbeSettings = Pick<Ec2Settings, 'account' | 'region' | 'endpoint' | 'clock'> & {
  readonly access: Ec2Access
}

const DRY = { DryRun: true } as const
const SHORT = { ...DRY, MaxResults: 5 } as const

const SENT: readonly (readonly [Ec2Action, (client: EC2Client, abortSignal: AbortSignal) => Promise<unknown>])[] = [
  ['DescribeVpcs', (client, abortSignal) => client.send(new DescribeVpcsCommand({ ...SHORT }), { abortSignal })],
  ['DescribeSubnets', (client, abortSignal) => client.send(new DescribeSubnetsCommand({ ...SHORT }), { abortSignal })],
  [
    'DescribeNetworkInterfaces',
    (client, abortSignal) => client.send(new DescribeNetworkInterfacesCommand({ ...SHORT }), { abortSignal }),
  ],
  [
    'DescribeInstances',
    (client, abortSignal) => client.send(new DescribeInstancesCommand({ ...SHORT }), { abortSignal }),
  ],
  // It has no pages, and refuses a page size.
  [
    'DescribeAddresses',
    (client, abortSignal) => client.send(new DescribeAddressesCommand({ ...DRY }), { abortSignal }),
  ],
  [
    'DescribeTrunkInterfaceAssociations',
    (client, abortSignal) => client.send(new DescribeTrunkInterfaceAssociationsCommand({ ...SHORT }), { abortSignal }),
  ],
]

/**
 * Asks STS whose the credentials are, and EC2 for each action of a listing whether it is allowed (`DryRun`: one small request
 * each, outside of the poller's budget and not tried again). `settings.access` is closed at the end.
 *
 * @throws WHOHAD_EC2_WRONG_ACCOUNT, WHOHAD_EC2_DENIED, WHOHAD_EC2_UNREACHABLE where STS gives no good answer
 */
export async function probeEc2(settings: ProbeSettings, signal: AbortSignal): Promise<Ec2Probe> {
  const { account, region, access, clock } = settings
  const client = clientOf(settings)
  const clockSeen = watchDates(client, clock)
  try {
    await access.confirm(signal)
    const who = access.who()
    const actions = await Promise.all(
      SENT.map(async ([action, send]) => {
        const failure = await send(client, signal).then(
          () => null,
          (error: unknown) =>
            wouldHaveDone(error) ? null : classified(error, { account, region, who }, allow(action)),
        )
        return { action, failure }
      }),
    )
    return { who, expireAtMs: await expiryOf(access), actions, clock: narrowed(clockSeen) }
  } finally {
    client.destroy()
    access.close()
  }
}

/** EC2 says so where the same request without DryRun would be done. */
const wouldHaveDone = (error: unknown): boolean => error instanceof Error && error.name === 'DryRunOperation'

const allow = (action: Ec2Action): string => `Allow ec2:${action}; docs/aws-account.md has the whole policy.`

async function expiryOf({ credentials }: Ec2Access): Promise<Millis | null> {
  const { expiration } = typeof credentials === 'function' ? await credentials() : credentials
  return expiration?.getTime() ?? null
}

/** Fills the list as replies come, those of refused requests too. */
function watchDates(client: EC2Client, clock: Clock): readonly ClockDifference[] {
  const seen: ClockDifference[] = []
  client.middlewareStack.add(
    next => async args => {
      const sentAtMs = clock.now()
      const result = await next(args)
      const difference = differenceByHeader(dateOf(result.response), { sentAtMs, receivedAtMs: clock.now() })
      if (difference !== undefined) seen.push(difference)
      return result
    },
    // Within what turns an error's reply into an exception.
    { step: 'deserialize', priority: 'low', name: 'watchDates' },
  )
  return seen
}

/** The SDK does not say of what kind its response is; over HTTP it has headers, their names in lower case. */
function dateOf(response: unknown): string | undefined {
  const headers = typeof response === 'object' && response !== null && 'headers' in response ? response.headers : null
  const date = typeof headers === 'object' && headers !== null && 'date' in headers ? headers.date : undefined
  return typeof date === 'string' ? date : undefined
}
