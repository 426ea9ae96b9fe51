import { colors } from './colors.ts'

/** A note as `labelOf` writes it, behind an address, its port or its bracket. */
const NOTE = /(?<=[0-9a-fA-F\]:])\{([?~-]?)[^\s{}]{1,400}\}/g

const PAINTS: Readonly<Record<string, (text: string) => string>> = {
  '': colors.green,
  '?': colors.yellow,
  '-': colors.cyan,
  '~': colors.blue,
}

const FEED = 0x0a

/** An annotated text for a terminal: its notes in colours, line by line. */
export async function* paintedNotes(text: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let carried: Buffer = Buffer.alloc(0)
  for await (const piece of text) {
    const bytes = Buffer.concat([carried, piece])
    const end = bytes.lastIndexOf(FEED) + 1
    carried = bytes.subarray(end)
    if (end > 0) yield painted(bytes.subarray(0, end))
  }
  if (carried.length > 0) yield painted(carried)
}

// Latin-1 gives every byte back as it was, whatever the text's encoding is.
const painted = (lines: Buffer): Buffer =>
  Buffer.from(
    lines.toString('latin1').replace(NOTE, (note, sign: string) => (PAINTS[sign] ?? colors.green)(note)),
    'latin1',
  )
