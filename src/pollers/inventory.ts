import type { SourceBounds } from '../ownership/claim.ts'
import type { Snapshot } from '../ownership/snapshot.ts'

/** Told how many items another page of a listing had. */
export type OnPage = (items: number) => void

/** Something that can list, in one place, who holds which address. */
export type Inventory = {
  /** Unique in the change stream: ec2/123456789012/us-east-1, titus/main. */
  readonly source: string
  readonly kind: string
  readonly bounds: SourceBounds
  /** One whole listing. Throws where any part of it is missing or cannot be understood. */
  list(signal: AbortSignal, onPage?: OnPage): Promise<Snapshot>
  /** Ends its connections, once nothing is listed any more; left out where it keeps none. */
  close?(): void
}
