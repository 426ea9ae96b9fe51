import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Value = { readonly stringValue?: string; readonly intValue?: number | string; readonly boolValue?: boolean }
type WireSpan = {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Value }[]
  readonly status: { readonly code?: number; readonly message?: string }
}
type Batch = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: WireSpan['attributes'] }
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[]
  }[]
}

export type SeenSpan = Omit<WireSpan, 'attributes'> & { readonly attributes: Readonly<Record<string, unknown>> }

const plain = (attributes: WireSpan['attributes']) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.boolValue ?? Number(value.intValue)]),
  )

/** What takes spans by OTLP over HTTP, as JSON (opentelemetry-proto, `ExportTraceServiceRequest`), and keeps them. */
export async function otlpReceiver() {
  const spans: SeenSpan[] = []
  const resources: Readonly<Record<string, unknown>>[] = []
  const bodies: string[] = []
  const server = createServer(async (request, reply) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)} ${body}`)
    for (const { resource, scopeSpans } of (JSON.parse(body) as Batch).resourceSpans) {
      resources.push(plain(resource.attributes))
      for (const span of scopeSpans.flatMap(scope => scope.spans))
        spans.push({ ...span, attributes: plain(span.attributes) })
    }
    reply.setHeader('content-type', 'application/json')
    reply.end('{}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}/v1/traces`, spans, resources, bodies, close }
}
