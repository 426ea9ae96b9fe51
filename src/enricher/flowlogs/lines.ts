const NEWLINE = 10
/** Lines are made from at most this much at a time, however large the chunks are that come in. */
const STEP_BYTES = 256 * 1024

export type Line = {
  readonly text: string
  /** True where `text` is only the beginning of a line longer than any may be. */
  readonly tooLong: boolean
  /** False for a last line without a newline: whole in a whole file, a piece in a torn one. */
  readonly terminated: boolean
}

/**
 * Lines of text in batches. Memory is bounded by one step and one line: of a line that is longer than `longestLineBytes`
 * only the beginning is kept.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  longestLineBytes: number,
): AsyncGenerator<readonly Line[]> {
  const held = heldLine(longestLineBytes)
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += STEP_BYTES) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset + from, Math.min(STEP_BYTES, chunk.length - from))
      const first = bytes.indexOf(NEWLINE)
      if (first < 0) {
        held.keep(bytes)
        continue
      }
      held.keep(bytes.subarray(0, first))
      const batch = [held.take(true)]
      const last = bytes.lastIndexOf(NEWLINE)
      if (last > first) {
        for (const text of bytes.toString('utf8', first + 1, last).split('\n')) batch.push(clip(text, longestLineBytes))
      }
      held.keep(bytes.subarray(last + 1))
      yield batch
    }
  }
  if (!held.isEmpty()) yield [held.take(false)]
}

/** The beginning of a line whose end has not come yet. */
function heldLine(longestLineBytes: number) {
  let parts: Buffer[] = []
  let length = 0
  return {
    keep(part: Buffer): void {
      if (part.length === 0) return
      const room = longestLineBytes - length
      // A copy, so that one held line does not keep its whole chunk alive.
      if (room > 0) parts.push(Buffer.from(part.subarray(0, room)))
      length += part.length
    },
    take(terminated: boolean): Line {
      const line = { text: Buffer.concat(parts).toString('utf8'), tooLong: length > longestLineBytes, terminated }
      parts = []
      length = 0
      return line
    },
    isEmpty: () => length === 0,
  }
}

function clip(text: string, longest: number): Line {
  // A character is three bytes at most (four for two units).
  const tooLong = text.length * 3 > longest && Buffer.byteLength(text) > longest
  return { text: tooLong ? text.slice(0, longest) : text, tooLong, terminated: true }
}
