import type { HedgeWinner } from '../hedge.ts'

export type Ec2Action =
  | 'DescribeVpcs'
  | 'DescribeSubnets'
  | 'DescribeNetworkInterfaces'
  | 'DescribeInstances'
  | 'DescribeAddresses'
  | 'DescribeTrunkInterfaceAssociations'

/** What became of one attempt: `abandoned` is the slower of two copies, or one that was under way at a stop. */
export type AttemptResult = 'answered' | 'throttled' | 'failed' | 'abandoned'

/** How requests to EC2 fare; one callback per happening. */
export type Ec2Report = {
  /** An attempt is over. It had waited `waitedMs` for the request budget before it was sent. */
  ec2Attempted(d: {
    readonly source: string
    readonly action: Ec2Action
    readonly result: AttemptResult
    readonly waitedMs: number
  }): void
  /** A slow page was asked for a second time. */
  ec2Hedged(d: { readonly source: string; readonly action: Ec2Action; readonly winner: HedgeWinner }): void
  /** Credentials could not be renewed before they expire; those at hand still serve. */
  ec2CredentialsNotRenewed(d: { readonly source: string; readonly cause: unknown; readonly expireAtMs: number }): void
}

export const NO_EC2_REPORT: Ec2Report = {
  ec2Attempted: () => undefined,
  ec2Hedged: () => undefined,
  ec2CredentialsNotRenewed: () => undefined,
}
