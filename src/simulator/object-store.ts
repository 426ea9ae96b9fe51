import type { Millis } from '../ownership/window.ts'

export type StoredObject = {
  readonly key: string
  readonly body: Buffer
  /** MD5 of the body, in hexadecimal. */
  readonly etag: string
  readonly visibleFromMs: Millis
}

/** Objects in memory; each can be seen from its own time on. */
export class ObjectStore<T extends StoredObject> {
  readonly #objects = new Map<string, T>()

  put(object: T): void {
    this.#objects.set(object.key, object)
  }

  get(key: string, atMs: Millis): T | undefined {
    const object = this.#objects.get(key)
    return object && object.visibleFromMs <= atMs ? object : undefined
  }

  /** In the order of the bytes of their keys, as S3 lists them. */
  list(atMs: Millis): T[] {
    return [...this.#objects.values()]
      .filter(({ visibleFromMs }) => visibleFromMs <= atMs)
      .toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
  }
}
