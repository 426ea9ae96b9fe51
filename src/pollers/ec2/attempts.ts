import type { EC2Client } from '@aws-sdk/client-ec2'
import type { Sighting } from '../../ownership/snapshot.ts'
import type { Clock } from '../../runtime/clock.ts'

/**
 * When the attempt that brought a reply was sent and its reply received. The step is inside the SDK's retry, so time lost
 * in attempts that were throttled, and in waiting between them, is not in the window of the one that succeeded
 * (design.md §1, rule 1). Replies are the SDK's output objects, by identity.
 */
export function measureAttempts(client: EC2Client, clock: Clock): (reply: object) => Sighting {
  const sightings = new WeakMap<object, Sighting>()
  client.middlewareStack.add(
    next => async args => {
      const sentAtMs = clock.now()
      const result = await next(args)
      sightings.set(result.output, { sentAtMs, receivedAtMs: clock.now() })
      return result
    },
    { step: 'finalizeRequest', priority: 'low', name: 'measureAttempts' },
  )
  return reply => {
    const sighting = sightings.get(reply)
    if (sighting === undefined) throw new TypeError('this reply did not come through the measured client')
    return sighting
  }
}
