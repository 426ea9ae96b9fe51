import { connect, createServer, type Socket } from 'node:net'

export const API = { produce: 0, fetch: 1 } as const

/** Makes another reply body of a broker's, after the correlation id. */
export type Rewrite = (apiKey: number, body: Buffer) => Buffer

/**
 * Stands between a client and a broker, understands frames, and can hold them all back or rewrite replies: faults of a network
 * and of a broker that a real one does not show when asked.
 */
export async function startKafkaProxy() {
  const sockets = new Set<Socket>()
  const held: { readonly deliver: () => void; readonly request: number | undefined }[] = []
  let targetPort = 0
  let frozen = false
  let rewrite: Rewrite | undefined
  const pass = (deliver: () => void, request?: number) => (frozen ? held.push({ deliver, request }) : deliver())

  const server = createServer(client => {
    const broker = connect(targetPort, '127.0.0.1')
    const keys = new Map<number, number>()
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => {})
    }
    client.on('close', () => broker.destroy())
    broker.on('close', () => client.destroy())
    onFrames(client, frame => {
      const apiKey = frame.readInt16BE(0)
      keys.set(frame.readInt32BE(4), apiKey)
      pass(() => broker.write(sized(frame)), apiKey)
    })
    onFrames(broker, frame => {
      const correlation = frame.subarray(0, 4)
      const apiKey = keys.get(correlation.readInt32BE(0)) ?? -1
      const body = frame.subarray(4)
      pass(() => client.write(sized(Buffer.concat([correlation, rewrite?.(apiKey, body) ?? body]))))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    port,
    brokers: [`127.0.0.1:${port}`],
    leadTo: (broker: number) => {
      targetPort = broker
    },
    rewriteReplies: (by: Rewrite | undefined) => {
      rewrite = by
    },
    freeze: () => {
      frozen = true
    },
    thaw: () => {
      frozen = false
      for (const { deliver } of held.splice(0)) deliver()
    },
    /** Whether a request of this kind is held back. */
    holds: (apiKey: number) => held.some(({ request }) => request === apiKey),
    stop: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

function onFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let buffered = Buffer.alloc(0)
  socket.on('data', chunk => {
    buffered = Buffer.concat([buffered, chunk])
    while (buffered.length >= 4 && buffered.length >= 4 + buffered.readInt32BE(0)) {
      const end = 4 + buffered.readInt32BE(0)
      take(Buffer.from(buffered.subarray(4, end)))
      buffered = buffered.subarray(end)
    }
  })
}

function sized(frame: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(frame.length)
  return Buffer.concat([size, frame])
}

/** A Fetch reply (version 7 to 11) that fails in the first partition it names. */
export const failedFetch =
  (errorCode: number): Rewrite =>
  (apiKey, body) => {
    // Throttle time, error, session, count of topics; then the topic's name, count of partitions, partition, error.
    if (apiKey === API.fetch && body.readInt32BE(10) > 0) body.writeInt16BE(errorCode, 16 + body.readInt16BE(14) + 8)
    return body
  }

/** A Fetch reply that names no partition, as if there were nothing new. */
export const emptyFetch: Rewrite = (apiKey, body) => {
  if (apiKey !== API.fetch) return body
  body.writeInt32BE(0, 10)
  return body.subarray(0, 14)
}
