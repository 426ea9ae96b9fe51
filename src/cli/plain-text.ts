import { once } from 'node:events'
import { open, stat } from 'node:fs/promises'
import { constants, gunzipSync } from 'node:zlib'
import { parseHeader } from '../enricher/flowlogs/fields.ts'

const HEAD_BYTES = 64 * 1024

/**
 * Whether an input of annotate is any text rather than a flow log: "-" or a file without a header of field names, that is
 * neither Parquet nor an envelope of CloudWatch nor binary. Of standard input only what comes first is looked at, and it is
 * there to be read again.
 */
export async function isPlainText(name: string): Promise<boolean> {
  const head = name === '-' ? await headOfInput() : await headOfFile(name)
  return head !== undefined && isText(head)
}

async function headOfInput(): Promise<Buffer> {
  const { stdin } = process
  for (;;) {
    const head: unknown = stdin.read()
    if (Buffer.isBuffer(head)) {
      stdin.unshift(head)
      return head.subarray(0, HEAD_BYTES)
    }
    if (stdin.readableEnded || stdin.destroyed) return Buffer.alloc(0)
    await Promise.race([once(stdin, 'readable'), once(stdin, 'end')])
  }
}

/** Undefined where there is no such file: folders, patterns and buckets have flow logs in them. */
async function headOfFile(path: string): Promise<Buffer | undefined> {
  const isFile = await stat(path).then(
    found => found.isFile(),
    () => false,
  )
  if (!isFile) return undefined
  const file = await open(path, 'r').catch(() => undefined) // opening it again tells why
  if (file === undefined) return undefined
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function isText(head: Buffer): boolean {
  if (head[0] === 0x1f && head[1] === 0x8b) {
    const inner = gunzipHead(head)
    return inner !== undefined && inner.length > 0 && isText(inner)
  }
  // Parquet's magic, and whatever else is binary.
  if (head.subarray(0, 4).toString('latin1') === 'PAR1' || head.includes(0)) return false
  const text = head.toString('utf8').replace(/^\uFEFF/, '')
  if (text.startsWith('{') && /"(?:messageType|logEvents|awslogs|events)"/.test(text)) return false
  const first = text.split('\n').find(line => line.trim() !== '')
  return first === undefined || parseHeader(first.replace(/\r$/, '')) === undefined
}

/** The beginning of what was compressed; undefined where it is damaged. */
function gunzipHead(head: Buffer): Buffer | undefined {
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, HEAD_BYTES)
  } catch {
    return undefined
  }
}
