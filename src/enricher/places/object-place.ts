import type { FlowObjectRef } from '../flowlogs/object-ref.ts'

/**
 * Where flow log objects come from: a listing, a queue, a topic. The caller makes one pass after another. What is not
 * acknowledged is given again, in every pass of the same process and after a restart, so that nothing is forgotten that was held
 * back, failed, or was in work when the process ended. An object may be given when it is done already, and by
 * two processes: whether it is, the store's manifests say. One contract suite runs on all of them (test/contract/object-place.ts).
 */
export type ObjectPlace = {
  /** What waits to be acknowledged, and what is new, each at most once, in no order. Errors have a code; the next pass asks again. */
  list(signal?: AbortSignal): AsyncIterable<FlowObjectRef>
  /** The object needs not be given again: it is committed, or there is nothing to be had of it. */
  acknowledge(object: FlowObjectRef): Promise<void>
  /** Lets others have what was not acknowledged. */
  close(): Promise<void>
}

/** What a place of messages tells; the command line makes log lines and metrics of it. */
export type PlaceReport = {
  /** A message was read: it names objects, is not about any of ours, or cannot be understood and is kept as a dead letter. */
  messageRead(d: { readonly place: string; readonly result: 'objects' | 'passed-over' | 'unreadable' }): void
  /** All objects of so many messages are done. */
  messagesDone(d: { readonly place: string; readonly messages: number }): void
  /** A message is no longer this process's to work on: it will be given again, here or elsewhere. */
  messagesLost(d: { readonly place: string; readonly messages: number; readonly reason: string }): void
  /** Messages that wait, with their objects. */
  messagesWaiting(d: { readonly place: string; readonly messages: number }): void
}

/** A message that cannot be understood, or that names an object which is there no longer; for the dead letters. */
export type UnreadableMessage = {
  /** Which message, and what is wrong with it. */
  readonly place: string
  readonly reason: 'unreadable-message' | 'object-gone'
  readonly sample: string
}
