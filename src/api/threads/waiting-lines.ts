const LINE_FEED = 0x0a
/** Less is put together with what comes next, unless a thread has nothing else to do. */
const BYTES_OF_A_PIECE = 32 * 1024

/** Pieces of a text that are handed over together. */
export class WaitingLines {
  bytes = 0
  private pieces: Buffer[] = []

  /** Nothing may be added behind so much, nor behind a part of a line. */
  get isFull(): boolean {
    return this.bytes >= BYTES_OF_A_PIECE || (this.bytes > 0 && this.pieces.at(-1)?.at(-1) !== LINE_FEED)
  }

  /** @param piece Not empty. */
  add(piece: Buffer): void {
    this.pieces.push(piece)
    this.bytes += piece.length
  }

  /** All of it, in memory of its own. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.bytes)
    let at = 0
    for (const piece of this.pieces) {
      taken.set(piece, at)
      at += piece.length
    }
    this.pieces = []
    this.bytes = 0
    return taken
  }
}
