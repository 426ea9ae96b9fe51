import type { Binding } from '../../ownership/snapshot.ts'

/**
 * What a task in a state tells of the address in its context (inventories.md §1.4, §1.6; design.md §1, rule 4):
 *
 * | state            | tells     | because                                                                  |
 * | ---------------- | --------- | ------------------------------------------------------------------------ |
 * | `Accepted`       | neither   | not placed yet; an address in it is nobody's word that it is held        |
 * | `Launched`       | neither   | the address comes while the image is pulled, some time before `Started`  |
 * | `StartInitiated` | held      | an address in the context was reported by the running pod                |
 * | `Started`        | held      | it runs                                                                  |
 * | `KillInitiated`  | neither   | it holds its address until it is gone, and the list does not say when    |
 * | `Disconnected`   | neither   | the agent is silent: it may run on, or be gone                           |
 * | `Finished`       | neither   | the address may have been given back before, or be held on after it      |
 * | any other        | neither   | a state of a later Titus, of which nothing is known                      |
 *
 * `neither` a sighting nor an absence is what a binding calls `ending`: it opens the end window and closes nothing.
 */
export const shownBy = (state: string): Binding['state'] => (HELD.has(state) ? 'held' : 'ending')

const HELD: ReadonlySet<string> = new Set(['StartInitiated', 'Started'])
