import { diag, ROOT_CONTEXT, type SpanContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type TracerConfig,
} from '@opentelemetry/sdk-trace-node'
import type { Tracer } from '../runtime/tracer.ts'

export type TracingOptions = {
  /** Where spans go by OTLP over HTTP, the whole URL: http://127.0.0.1:4318/v1/traces. */
  readonly url: string
  /** Of the traces that begin here; a caller's trace is taken where the caller takes it. */
  readonly sampleShare: number
  readonly version: string
  /** What the exporter says when spans cannot be delivered. They are then lost; nothing waits for them. */
  readonly onTrouble: (text: string) => void
}

export type Tracing = { readonly tracer: Tracer; close(): Promise<void> }

const EXPORT_TIMEOUT_MS = 5000

/** The only user of OpenTelemetry's SDK, loaded where traces are asked for. `close` delivers what is left, for some seconds at most. */
export function openTracing({ url, sampleShare, version, onTrouble }: TracingOptions): Tracing {
  const quiet = () => {}
  diag.setLogger({ error: onTrouble, warn: onTrouble, info: quiet, debug: quiet, verbose: quiet })
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS })
  const provider = new NodeTracerProvider({
    resource: resourceOf({ 'service.name': 'whohad', 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleShare) }),
    spanProcessors: [new BatchSpanProcessor(exporter, { exportTimeoutMillis: EXPORT_TIMEOUT_MS })],
  })
  const tracer = provider.getTracer('whohad', version)
  return {
    tracer: {
      begin(name, { kind, traceparent }) {
        const parent = traceparent === undefined ? undefined : callersSpan(traceparent)
        const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT
        const span = tracer.startSpan(name, { kind: KINDS[kind] }, context)
        return {
          traceId: span.spanContext().traceId,
          set: attributes => void span.setAttributes(attributes),
          end(failure) {
            if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure })
            span.end()
          },
        }
      },
    },
    close: () => provider.shutdown().catch(error => onTrouble(String(error))),
  }
}

const KINDS = { server: SpanKind.SERVER, internal: SpanKind.INTERNAL } as const

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-|$)/

/** What a `traceparent` names (W3C Trace Context §3.2); undefined where it is none. */
function callersSpan(header: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(header) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true }
}

type Resource = NonNullable<TracerConfig['resource']>

/** What the SDK's own package of resources would make; it comes with the SDK and is not ours to import. */
function resourceOf(attributes: Readonly<Record<string, string>>): Resource {
  const resource: Resource = {
    attributes: { ...attributes },
    merge: other => other ?? resource,
    getRawAttributes: () => Object.entries(attributes),
  }
  return resource
}
