import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type WireRange = readonly [cidr: string, service: string, region?: string, borderGroup?: string]

/** An ip-ranges.json as it is published: `AMAZON` is not added by itself. */
export function wireRanges(syncToken: string, ranges: readonly WireRange[]) {
  const rows = (key: string, isOfFamily: (cidr: string) => boolean) =>
    ranges
      .filter(([cidr]) => isOfFamily(cidr))
      .map(([cidr, service, region = 'us-east-1', network_border_group = region]) => ({
        [key]: cidr,
        region,
        service,
        network_border_group,
      }))
  return {
    syncToken,
    createDate: new Date(Number(syncToken) * 1000).toISOString().slice(0, 19).replaceAll(/[T:]/g, '-'),
    prefixes: rows('ip_prefix', cidr => !cidr.includes(':')),
    ipv6_prefixes: rows('ipv6_prefix', cidr => cidr.includes(':')),
  }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** Serves what it was last told to on loopback. */
export async function startRangesStub() {
  const requests: IncomingMessage[] = []
  let answer: Answer = (_, response) => response.writeHead(503).end()
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/ip-ranges.json`,
    requests,
    answers(next: Answer) {
      answer = next
    },
    /** As a web server would: with an entity tag, and 304 to whoever has it. */
    publishes(body: unknown, etag = `"${JSON.stringify(body).length}-${requests.length}"`) {
      answer = (request, response) => {
        if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
        else response.writeHead(200, { 'content-type': 'application/json', etag }).end(JSON.stringify(body))
      }
    },
    close: () =>
      new Promise<void>(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
