import type { FlowObjectRef } from '../flowlogs/object-ref.ts'
import { objectIdOf } from '../flowlogs/object-ref.ts'

/** Messages whose objects are not all done, and their objects: one object may be in several messages, and the other way round. */
export class WaitingMessages<Message> {
  private readonly objectsOf = new Map<Message, Map<string, FlowObjectRef>>()
  private readonly messagesOf = new Map<string, Set<Message>>()

  get size(): number {
    return this.objectsOf.size
  }

  messages(): readonly Message[] {
    return [...this.objectsOf.keys()]
  }

  /** Each object once. */
  objects(): readonly FlowObjectRef[] {
    const all = new Map<string, FlowObjectRef>()
    for (const objects of this.objectsOf.values()) for (const [id, object] of objects) all.set(id, object)
    return [...all.values()]
  }

  has(object: FlowObjectRef): boolean {
    return this.messagesOf.has(objectIdOf(object))
  }

  /** `objects` has at least one. */
  add(message: Message, objects: readonly FlowObjectRef[]): void {
    const named = new Map(objects.map(object => [objectIdOf(object), object]))
    this.objectsOf.set(message, named)
    for (const id of named.keys()) {
      const messages = this.messagesOf.get(id) ?? new Set()
      this.messagesOf.set(id, messages.add(message))
    }
  }

  /** Returns the messages of which this was the last object. */
  done(object: FlowObjectRef): readonly Message[] {
    const id = objectIdOf(object)
    const finished: Message[] = []
    for (const message of this.messagesOf.get(id) ?? []) {
      const left = this.objectsOf.get(message)
      left?.delete(id)
      if (left?.size !== 0) continue
      this.objectsOf.delete(message)
      finished.push(message)
    }
    this.messagesOf.delete(id)
    return finished
  }

  /** Forgets a message, done or not. */
  drop(message: Message): void {
    for (const id of this.objectsOf.get(message)?.keys() ?? []) {
      const messages = this.messagesOf.get(id)
      messages?.delete(message)
      if (messages?.size === 0) this.messagesOf.delete(id)
    }
    this.objectsOf.delete(message)
  }
}
