import { type ChangeLog, hasReached, type Position } from '../../changestream/port.ts'
import type { Claim } from '../../ownership/claim.ts'

/** Puts what flow log objects show into the change stream, and knows of which it waits until it is read back. */
export class PublishedSightings {
  private readonly log: Pick<ChangeLog, 'append' | 'end'>
  /** By object, how far the stream has to be read for its sightings to count. */
  private readonly ends = new Map<string, Position>()

  constructor(log: Pick<ChangeLog, 'append' | 'end'>) {
    this.log = log
  }

  /** Whether an index that has come to `position` lacks sightings of the object that are in the stream. */
  awaits(objectId: string, position: Position): boolean {
    const end = this.ends.get(objectId)
    return end !== undefined && !hasReached(position, end)
  }

  /** May be repeated: they are a function of the object. Throws what the change stream throws. */
  async publish(objectId: string, sightings: readonly Claim[]): Promise<void> {
    await this.log.append(sightings)
    this.ends.set(objectId, await this.log.end())
  }

  forget(objectId: string): void {
    this.ends.delete(objectId)
  }
}
