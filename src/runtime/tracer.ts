/** What a span says beside its name and times: never an address that was asked about, and no secret. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

/** One piece of work on its way through whohad, as tracing tools show it. */
export type Span = {
  /** 32 hexadecimal digits, by which the log names it. */
  readonly traceId: string
  set(attributes: SpanAttributes): void
  /** `failure` is why the work was not done, where it was not. */
  end(failure?: string): void
}

export type Tracer = {
  /** `traceparent` is the header of a caller whose trace this work is part of (W3C Trace Context); what is none is passed over. */
  begin(
    name: string,
    options: { readonly kind: 'server' | 'internal'; readonly traceparent?: string | undefined },
  ): Span
}
