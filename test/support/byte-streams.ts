/** Bytes as an async iterable in pieces of one size, so that every boundary is met. */
export async function* inPieces(bytes: Uint8Array | string, pieceBytes = 64 * 1024): AsyncGenerator<Uint8Array> {
  const all = Buffer.from(bytes)
  for (let from = 0; from < all.length; from += pieceBytes) yield all.subarray(from, from + pieceBytes)
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
