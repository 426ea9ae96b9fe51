import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collapsed, type Edge, type Graph } from '../../../src/api/graph/graph.ts'
import { dotOf, mermaidOf } from '../../../src/api/graph/render.ts'
import { readerOfDomains } from '../../../src/api/security/caller.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { openStore } from '../../../src/store/open-store.ts'
import type { AttributedFlow, Store } from '../../../src/store/port.ts'
import { testApi } from '../../support/api.ts'
import { temporaryFolder } from '../../support/clickhouse-folder.ts'
import { claim, end, flow, manifest, NOON_MS, recordedReport, testClock } from '../../support/clickhouse-rows.ts'

const START = 1_795_176_000
const NOW_MS = (START + 1800) * 1000

let store: Store
beforeAll(async () => {
  const path = await temporaryFolder('graph')
  store = await openStore({ driver: 'chdb', path }, { clock: testClock, report: recordedReport().report })
  await store.migrate()
  const checkout = end({ application: 'checkout', zone: 'us-east-1a' })
  const ledger = end({ application: 'ledger', cluster: 'ledger-blue', zone: 'us-east-1b' })
  const nat = end({ application: '', resourceId: 'nat-1', claimId: 'nat-claim' })
  const nobody = end({ state: 'unowned', application: '', resourceId: '', claimId: '', zone: '' })
  const blind = end({
    state: 'unknown',
    reason: 'not-yet',
    application: '',
    resourceId: '',
    claimId: '',
    domain: 'secret',
  })
  const s3 = end({ state: 'external', application: '', service: 'S3', domain: 'inet.0', claimId: '' })
  const at = (startSeconds: number) => ({ startSeconds, endSeconds: startSeconds + 10 })
  await committed('one', [
    flow({ ...at(START), source: checkout, destination: ledger, bytes: 100, packets: 2 }),
    flow({
      ...at(START + 61),
      source: checkout,
      destination: ledger,
      bytes: 50,
      packets: 1,
      action: 'REJECT',
      direction: 'ingress',
    }),
    flow({ ...at(START), source: checkout, destination: nobody, bytes: 7 }),
    flow({ ...at(START), source: blind, destination: checkout, bytes: 9 }),
    flow({ ...at(START), source: checkout, destination: nat, bytes: 30 }),
    flow({ ...at(START), source: nat, destination: s3, bytes: 20 }),
    flow({ ...at(START - 7200), source: checkout, destination: ledger, bytes: 1_000_000 }),
  ])
  // A correction: only the second generation counts.
  await committed('two', [flow({ ...at(START), source: ledger, destination: checkout, bytes: 5_000 })])
  await committed('two', [flow({ ...at(START), source: ledger, destination: checkout, bytes: 40 })], 2)
  await store.insertFlows([flow({ objectId: 'open', source: ledger, destination: checkout, bytes: 9_999 })])
  const owners = [
    { ...(claim().owners[0] as NonNullable<ReturnType<typeof claim>['owners'][number]>), kind: 'nat_gateway' },
  ]
  await store.insertChanges([
    { change: claim({ id: 'nat-claim', owners }), partition: 0, offset: 0, loggedAtMs: NOON_MS },
  ])
}, 120_000)
afterAll(() => store?.close())

async function committed(objectId: string, flows: readonly AttributedFlow[], generation = 1) {
  await store.insertFlows(flows.map((given, record) => ({ ...given, objectId, generation, record })))
  await store.putObject(manifest({ objectId, generation, state: 'committed', updatedAtMs: NOON_MS + generation }))
}

const api = (over: Parameters<typeof testApi>[0] = {}) =>
  testApi({ store, clock: { now: () => NOW_MS, sleep: systemClock.sleep }, ...over })
const edgesOf = (graph: { edges: Edge[] }) =>
  graph.edges.map(
    ({ source, destination, bytes, rejectedFlows }) => `${source} ${destination} ${bytes} ${rejectedFlows}`,
  )

describe('GET /v1/graph', () => {
  test('adds up who sends to whom, each record of the newest generation once, and hides nobody', async () => {
    const { app } = await api()
    const graph = (await app.inject('/v1/graph')).json()
    expect(edgesOf(graph)).toEqual([
      'owned:checkout owned:ledger 150 1',
      'owned:ledger owned:checkout 40 0',
      'owned:checkout owned: 30 0',
      'owned: external:S3 20 0',
      'unknown owned:checkout 9 0',
      'owned:checkout unowned 7 0',
    ])
    expect(graph.edges[0]).toMatchObject({ flows: 2, packets: 3, rejectedBytes: 50 })
    expect(graph).toMatchObject({ complete: true, hops: null, by: 'app' })
    expect(graph.nodes).toContainEqual({
      id: 'unowned',
      title: 'unowned',
      state: 'unowned',
      name: null,
      intermediary: false,
    })
  })

  test('is of a minute, of a span, of one direction, and by what is asked', async () => {
    const { app } = await api()
    const bytesOf = async (query: string) => edgesOf((await app.inject(`/v1/graph?${query}`)).json())[0]
    expect(await bytesOf(`at=${START + 30}`)).toBe('owned:checkout owned:ledger 100 0')
    expect(await bytesOf(`from=${START - 8000}&to=${START + 100}`)).toBe('owned:checkout owned:ledger 1000150 1')
    expect(await bytesOf('direction=ingress')).toBe('owned:checkout owned:ledger 50 1')
    expect(await bytesOf('by=zone&limit=1')).toBe('owned:us-east-1a owned:us-east-1b 150 1')
    expect(await bytesOf('by=cluster&limit=1')).toBe('owned:checkout-main owned:ledger-blue 150 1')
    expect((await app.inject('/v1/graph?limit=1')).json()).toMatchObject({ complete: false, edges: { length: 1 } })
    for (const query of ['by=owner', 'at=x', 'at=1&from=1&to=2', 'limit=x']) {
      expect((await app.inject(`/v1/graph?${query}`)).statusCode).toBe(400)
    }
  })

  test('joins those on both sides of a gateway where that is asked for, and keeps the hops', async () => {
    const { app } = await api()
    const graph = (await app.inject('/v1/graph?collapse=true')).json()
    expect(graph.edges).toContainEqual(
      expect.objectContaining({ source: 'owned:checkout', destination: 'external:S3', via: 'via:nat-1', bytes: 20 }),
    )
    expect(edgesOf(graph).filter(edge => edge.includes('via:'))).toEqual([])
    expect(edgesOf({ edges: graph.hops })).toEqual(
      expect.arrayContaining(['owned:checkout via:nat-1 30 0', 'via:nat-1 external:S3 20 0']),
    )
  })

  test('shows an end in a domain that the caller may not read as one that is not known', async () => {
    const access = { readerOf: () => ({ readable: (domain: string) => domain !== 'vpc-1' }) }
    const { app } = await api({ access })
    const graph = (await app.inject('/v1/graph')).json()
    expect(JSON.stringify(graph)).not.toMatch(/checkout|ledger|nat-1/)
    // Of its own domain with the hidden one; what is hidden at both ends, or goes from there to the internet, is left out.
    expect(edgesOf(graph)).toEqual(['unknown unknown 9 0'])
  })

  test('of a caller with a list of domains takes the limit from their traffic alone', async () => {
    const access = { readerOf: () => readerOfDomains(['secret', 'inet.0']) }
    const { app } = await api({ access })
    const graph = (await app.inject('/v1/graph?limit=1')).json()
    expect([edgesOf(graph), graph.complete]).toEqual([['unknown unknown 9 0'], true])
  })

  test('comes as CSV, for GraphViz and for Mermaid', async () => {
    const { app } = await api()
    const csv = await app.inject('/v1/graph?format=csv')
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(csv.body.split('\n')[1]).toBe('checkout,owned,ledger,owned,,2,150,3,1,50')
    expect((await app.inject('/v1/graph?format=dot')).body).toContain(
      '"owned:checkout" -> "owned:ledger" [label="150 B, 1 rejected"];',
    )
    expect((await app.inject('/v1/graph?format=mermaid&collapse=true')).body).toMatch(/n\d -\.->\|"at most 20 B"\| n\d/)
  })
})

const edge = (source: string, destination: string, bytes: number): Edge => ({
  source,
  destination,
  via: null,
  flows: 1,
  bytes,
  packets: 1,
  rejectedFlows: 0,
  rejectedBytes: 0,
})

test('a gateway that only takes in stays an end', () => {
  const node = (id: string, isMiddle: boolean) => ({ id, state: 'owned' as const, name: id, isMiddle })
  const graph: Graph = { nodes: [node('a', false), node('via:n', true)], edges: [edge('a', 'via:n', 5)] }
  expect(collapsed(graph)).toEqual(graph)
})

test('names cannot end a label', () => {
  const name = 'x"]; click n0 "\\\n</b>'
  const graph: Graph = { nodes: [{ id: `owned:${name}`, state: 'owned', name, isMiddle: false }], edges: [] }
  expect(dotOf(graph)).toContain('label="x\\"]; click n0 \\"\\\\ </b>"')
  expect(mermaidOf(graph)).toContain('n0["x#34;#93;#59; click n0 #34;#92; #60;/b#62;"]')
})
