/** A schema of ours has some ten kilobytes. */
const MOST_BYTES = 1 << 20

/** @throws Error where the body is longer than any schema. */
export async function readAtMost(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw new Error(`an answer of more than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
