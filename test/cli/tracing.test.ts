import { afterEach, describe, expect, test } from 'vitest'
import { newApiKey } from '../../src/api/security/api-key.ts'
import type { AuditEntry } from '../../src/api/security/audit.ts'
import { loginBy } from '../../src/api/security/login.ts'
import { tracedObjects, tracedPolls } from '../../src/cli/traced-work.ts'
import { openTracing } from '../../src/cli/tracing.ts'
import type { PollReport } from '../../src/pollers/report.ts'
import { answers } from '../support/answers.ts'
import { testApi } from '../support/api.ts'
import { otlpReceiver } from '../support/otlp.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function traced(over: Partial<Parameters<typeof openTracing>[0]> = {}) {
  const receiver = await otlpReceiver()
  closing.push(receiver.close)
  const troubles: string[] = []
  const onTrouble = (text: string) => troubles.push(text)
  const tracing = openTracing({ url: receiver.url, sampleShare: 1, version: '1.2.3', onTrouble, ...over })
  return { ...receiver, ...tracing, close: tracing.close, troubles }
}

const key = newApiKey('one', null, 0)
const login = loginBy({ keys: { find: text => (text === key.text ? key.key : undefined) }, tokens: undefined })
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CALLER = '00f067aa0ba902b7'

describe('a request', () => {
  async function api() {
    const { tracer, ...rest } = await traced()
    const entries: AuditEntry[] = []
    const security = {
      login,
      openMetrics: true,
      openPage: false,
      requestsPerMinute: 0,
      corsOrigins: [],
      audit: true,
      report: { requestRefused: () => {}, lookedUp: (entry: AuditEntry) => entries.push(entry) },
    }
    const { app, failures } = await testApi({
      tracer,
      security,
      ask: question => {
        if (question.ip === '10.9.0.2') throw new Error('a defect')
        return answers.unknown(question)
      },
    })
    closing.push(() => app.close())
    const get = (url: string, headers: Record<string, string> = {}) =>
      app.inject({ url, headers: { authorization: `Bearer ${key.text}`, ...headers } })
    return { get, entries, failures, ...rest }
  }

  test('is a span with route, status, caller, domain and count, in the caller’s trace; the log has its id', async () => {
    const { get, close, spans, resources, bodies, entries, failures } = await api()
    const sampled = { traceparent: `00-${TRACE}-${CALLER}-01` }
    await get('/v1/ips/10.9.0.1/history?domain=prod', sampled)
    await get('/v1/whohad?ip=10.9.0.2&domain=prod', sampled)
    await get('/v1/nowhere', { authorization: 'Bearer whk_x' })
    // Not to be traced: the caller does not, or it is a probe.
    await get('/v1/coverage', { traceparent: `00-${TRACE}-${CALLER}-00` })
    await get('/livez')
    await get('/metrics')
    expect(spans).toEqual([])
    await close()
    expect(spans.map(({ name, attributes }) => `${name} ${attributes['http.response.status_code']}`)).toEqual([
      'GET /v1/ips/:ip/history 200',
      'GET /v1/whohad 500',
      'GET 401',
    ])
    expect(spans[0]).toMatchObject({ traceId: TRACE, parentSpanId: CALLER, kind: 2 })
    expect(spans[0]?.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.route': '/v1/ips/:ip/history',
      'enduser.id': key.key.id,
      'whohad.domain': 'prod',
      'whohad.addresses': 1,
      'whohad.request_id': entries[0]?.requestId,
    })
    expect(spans[1]?.status.code).toBe(2)
    expect(spans[2]?.parentSpanId ?? '').toBe('')
    expect(resources[0]).toEqual({ 'service.name': 'whohad', 'service.version': '1.2.3' })
    expect(entries.slice(0, 3).map(({ traceId }) => traceId)).toEqual([TRACE, TRACE, spans[2]?.traceId])
    expect(failures).toMatchObject([{ traceId: TRACE }])
    expect(bodies.join()).not.toMatch(/10\.9\.0\.|whk_/)
  })

  test.for([
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    `00-${TRACE}-0000000000000000-01`,
    `ff-${TRACE}-${CALLER}-01`,
    `00-${TRACE.toUpperCase()}-${CALLER}-01`,
    `00-${TRACE}-${CALLER}`,
    'nonsense',
  ])('with the traceparent %s begins a trace of its own', async traceparent => {
    const { tracer, close, spans } = await traced()
    const span = tracer.begin('x', { kind: 'server', traceparent })
    expect(span.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(span.traceId).not.toBe(TRACE)
    span.end()
    await close()
    expect(spans).toHaveLength(1)
  })
})

describe('what runs by itself', () => {
  const noReport = new Proxy({}, { get: () => () => {} })

  test('has a span for each poll, with why it was refused', async () => {
    const { tracer, close, spans } = await traced()
    const told: string[] = []
    const report: PollReport = {
      pollCompleted: () => told.push('completed'),
      pollRefused: () => told.push('refused'),
      publishFailed: () => told.push('publish failed'),
      adoptFailed: () => {},
    }
    const bounds = { longestGapMs: 1, lagMs: 1, clockErrorMs: 1, bridgeMs: 1, briefestHoldingMs: 0 }
    const list = () => Promise.reject(new Error('never listed'))
    const polled = tracedPolls({ source: 'ec2/1/us-east-1', kind: 'ec2', bounds, list }, report, tracer)
    const poll = () => polled.inventory.list(AbortSignal.abort()).catch(() => {})
    const { source } = polled.inventory
    await poll()
    const counts = { bindings: 7, changed: 2, completeUpToMs: 0, tookMs: 1, contradictions: [] }
    polled.report.pollCompleted({ source, ...counts })
    await poll()
    polled.report.pollRefused({ source, reason: 'size-drop', detail: 'fell', cause: null })
    await poll()
    polled.report.publishFailed({ source, cause: new Error('the disk is full') })
    // No poll was begun.
    polled.report.publishFailed({ source, cause: new Error('the disk is full') })
    await close()
    expect(told).toEqual(['completed', 'refused', 'publish failed', 'publish failed'])
    expect(spans.map(({ name, status }) => [name, status.message])).toEqual([
      ['poll', undefined],
      ['poll', 'size-drop'],
      ['poll', 'the disk is full'],
    ])
    expect(spans[0]?.attributes).toEqual({
      'whohad.source': source,
      'whohad.inventory': 'ec2',
      'whohad.addresses': 7,
      'whohad.changed': 2,
    })
  })

  test('has a span for each object, from its last opening to its end', async () => {
    const { tracer, close, spans } = await traced()
    const report = noReport as Parameters<typeof tracedObjects>[1]
    const { open, report: tracedReport } = tracedObjects(async () => 'bytes', report, tracer)
    const ref = (key: string) => ({ bucket: 'b', key, etag: 'e', sizeBytes: 1 })
    const object = {
      ...ref('k1'),
      objectId: 'id',
      generation: 1,
      state: 'committed' as const,
      position: [],
      records: 10,
      skipped: 0,
      deadLetters: 3,
      openRecords: 0,
      newestEndMs: 0,
      updatedAtMs: 0,
    }
    expect(await open(ref('k1'))).toBe('bytes')
    await open(ref('k1'))
    tracedReport.objectCommitted({ object, written: true, rejected: [] })
    await open(ref('k2'))
    await close()
    expect(spans.map(({ name, attributes }) => [name, attributes])).toEqual([
      [
        'enrich object',
        {
          'whohad.object': 's3://b/k1',
          'whohad.records': 10,
          'whohad.dead_letters': 3,
          'whohad.generation': 1,
        },
      ],
    ])
  })

  test('is as it was where nothing is traced', () => {
    const inventory = { source: 's', kind: 'k' } as Parameters<typeof tracedPolls>[0]
    const report = noReport as Parameters<typeof tracedObjects>[1] & Parameters<typeof tracedPolls>[1]
    expect(tracedPolls(inventory, report, undefined).inventory).toBe(inventory)
    expect(tracedPolls(inventory, report, undefined).report).toBe(report)
    const open = async () => 'bytes'
    expect(tracedObjects(open, report, undefined).open).toBe(open)
  })
})

test('of traces that begin here a share is taken', async () => {
  const { tracer, close, spans } = await traced({ sampleShare: 0 })
  tracer.begin('ours', { kind: 'internal' }).end()
  tracer.begin('theirs', { kind: 'server', traceparent: `00-${TRACE}-${CALLER}-01` }).end()
  await close()
  expect(spans.map(({ name }) => name)).toEqual(['theirs'])
})

test('a receiver that is gone is told of, and nobody waits for it for long', async () => {
  const receiver = await otlpReceiver()
  await receiver.close()
  const { tracer, close, troubles } = await traced({ url: receiver.url })
  tracer.begin('lost', { kind: 'internal' }).end()
  await close()
  expect(troubles.join()).toMatch(/ECONNREFUSED/)
}, 30_000)
