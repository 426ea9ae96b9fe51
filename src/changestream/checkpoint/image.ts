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

/** An index, and the position of the change stream up to which, and no further, it holds every record. */
export type Checkpoint = {
  readonly positions: Position
  readonly image: CheckpointImage
}
