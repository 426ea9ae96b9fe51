import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Request = {
  readonly method: string
  /** Still percent-encoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Reply = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

export type Listener = { readonly url: string; close(): Promise<void> }

/** Serves on 127.0.0.1, on a port that the system chooses. `arrived` is called first and returns what to call at the end. */
export async function listen(
  answer: (request: Request) => Reply | Promise<Reply>,
  arrived: () => () => void,
): Promise<Listener> {
  const server = createServer(async (incoming, outgoing) => {
    outgoing.once('close', arrived())
    try {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk)
      const [path = '/', query = ''] = (incoming.url ?? '/').split('?', 2)
      const { status, headers, body } = await answer({
        method: incoming.method ?? 'GET',
        path,
        query: new URLSearchParams(query),
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
      })
      outgoing.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers })
      outgoing.end(incoming.method === 'HEAD' ? undefined : body)
    } catch (error) {
      outgoing.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close(error => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      }),
  }
}
