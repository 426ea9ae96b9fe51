import { spanOf } from '../../ownership/snapshot.ts'
import type { TargetedLook } from '../narrowing.ts'
import type { Estate } from './estate.ts'
import { toSnapshot } from './snapshot.ts'
import type { Targeted } from './targeted.ts'

/** A look by address at the interfaces of one account and region, mapped as a whole listing is. */
export const ec2Look =
  (targeted: Targeted, estate: Estate): TargetedLook =>
  async (addresses, signal) => {
    const listing = await targeted({ by: 'address', addresses }, signal)
    if (listing.pages.length === 0) return null
    return { sighting: listing.pages.reduce(spanOf), bindings: toSnapshot(listing, estate).bindings }
  }
