import type { Millis } from '../../ownership/window.ts'
import type { Position } from '../port.ts'

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
export type JsonObject = { readonly [key: string]: JsonValue }

/**
 * An index as plain bytes. The header says what the sections mean; only the index reads it. Names are 1 to 255 printable ASCII
 * characters without spaces, each once, and none is "header". Bytes are little-endian, of any length that a view can have.
 */
export type CheckpointImage = {
  readonly header: JsonObject
  readonly sections: readonly { readonly name: string; readonly bytes: Uint8Array }[]
}

/** How far the change stream was read, and what of it must be known to read on. */
export type ReadState = {
  /** Every record before it was read. */
  readonly positions: Position
  /**
   * By partition, the last record that was read: a stream that has another one there is another stream. Null where none was,
   * or where the last ones were dead letters.
   */
  readonly last: readonly (LastRecord | null)[]
  /** The highest epoch of each source, so that a predecessor that was paused stays fenced off. */
  readonly epochs: readonly (readonly [source: string, epoch: number])[]
}

export type LastRecord = { readonly offset: number; readonly loggedAtMs: Millis }

/** An index, and the place in the change stream up to which, and no further, it holds every record. */
export type Checkpoint = {
  readonly read: ReadState
  readonly image: CheckpointImage
}
