import { afterEach, describe, expect, test } from 'vitest'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { testApi } from '../../support/api.ts'
import { owner, TestSource } from '../../support/estate.ts'

const START_MS = 1_700_000_000_000
const at = (seconds: number) => START_MS + seconds * 1000
const NOW_MS = at(1000)

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** 10.0.0.5 is api's at 100 and 200 s, batch's from 300 to 500 s, and nobody's after; api keeps 10.0.0.6. Polls each 100 s. */
async function lived(over: Parameters<typeof testApi>[0] = {}) {
  const index = createOwnershipIndex()
  const source = new TestSource(index, { bounds: { longestGapMs: 150_000 }, covered: ['d1 10.0.0.0/8'] })
  const kept = { address: '10.0.0.6', owner: owner('api', 'i-3') }
  for (let seconds = 100; seconds <= 900; seconds += 100) {
    const held = seconds < 300 ? owner('api', 'i-1') : seconds <= 500 ? owner('batch', 'i-2') : null
    source.poll(at(seconds), at(seconds) + 50, [kept, ...(held ? [{ address: '10.0.0.5', owner: held }] : [])])
  }
  const clock = { now: () => NOW_MS, sleep: systemClock.sleep }
  const { app } = await testApi({ ask: question => index.ask(question), index, clock, ...over })
  closing.push(() => app.close())
  return async (path: string) => {
    const reply = await app.inject(`/api/v2/view/${path}`)
    const isJson = String(reply.headers['content-type']).includes('json')
    return { status: reply.statusCode, text: reply.body, body: isJson ? reply.json() : undefined }
  }
}

describe('addresses', () => {
  test('at a time, and as of the newest moment that is known', async () => {
    const view = await lived()
    expect((await view(`addresses/10.0.0.5;_at=${at(150)}`)).body).toMatchObject({
      address: '10.0.0.5',
      domain: 'd1',
      state: 'owned',
      application: 'api',
      resourceId: 'i-1',
    })
    expect((await view(`addresses/10.0.0.5;_at=${at(250)}`)).body).toMatchObject({
      state: 'ambiguous',
      application: null,
    })
    expect((await view('addresses/10.0.0.6')).body).toMatchObject({ state: 'owned', application: 'api' })
    const gone = await view('addresses/10.0.0.5')
    expect([gone.status, gone.body.code]).toEqual([410, 'WHOHAD_EDDA_GONE'])
    const early = await view(`addresses/10.0.0.5;_at=${at(-100)}`)
    expect([early.status, early.body.code]).toEqual([404, 'WHOHAD_EDDA_NOT_FOUND'])
  })

  test('over a range: every revision, newest first, with its times', async () => {
    const view = await lived()
    const { body } = await view('addresses/10.0.0.5;_since=0;_all;_meta')
    expect(
      body.map(({ data }: { data: { state: string; application: string } }) => [data.state, data.application]),
    ).toEqual([
      ['unowned', null],
      ['ambiguous', null],
      ['owned', 'batch'],
      ['ambiguous', null],
      ['owned', 'api'],
      ['ambiguous', null], // while the first poll went on
    ])
    expect(body[0].ltime).toBeNull()
    for (const [newer, older] of body.map((each: object, i: number) => [each, body[i + 1]]).slice(0, -1))
      expect(older.ltime).toBe(newer.stime)
    const range = await view(`addresses/10.0.0.5;_since=${at(120)};_until=${at(180)};_meta;_pp`)
    expect(range.body).toMatchObject([{ stime: new Date(at(120)).toISOString(), data: { application: 'api' } }])
    expect((await view('addresses/10.0.0.5;_since=0;_limit=2')).body).toHaveLength(2)
  })

  test('differences between revisions, as a unified text', async () => {
    const view = await lived()
    const { status, text } = await view('addresses/10.0.0.5;_since=0;_diff=0')
    expect(status).toBe(200)
    expect(text).toMatch(
      /^--- \/api\/v2\/view\/addresses\/10\.0\.0\.5;_at=\d+\n\+\+\+ .*;_at=\d+\n@@ -4,\d \+4,\d @@\n/,
    )
    expect(text).toContain('\n-  "application": "api",\n')
    expect(text).toContain('\n+  "application": "batch",\n')
    expect((await view(`addresses/10.0.0.5;_at=${at(150)};_diff`)).body.code).toBe('WHOHAD_EDDA_ARGUMENT_REFUSED')
  })

  test('arguments that cannot be used are refused by name, not passed over', async () => {
    const view = await lived()
    for (const id of [
      '_callback=x',
      '_updated',
      'state=owned',
      '_at=soon',
      '_at=1;_at=2',
      '_until=5',
      '_at=1;_since=0',
      '_since=5;_until=5',
    ]) {
      const { status, body } = await view(`addresses/10.0.0.5;${id}`)
      expect([id, status, body.code]).toEqual([id, 400, 'WHOHAD_EDDA_ARGUMENT_REFUSED'])
    }
    expect((await view('instances/i-1')).status).toBe(400)
  })
})

describe('owners', () => {
  test('the addresses of an application at a time, over a range, and what changed between two times', async () => {
    const view = await lived()
    const addresses = async (path: string) =>
      (await view(path)).body.addresses.map(({ address }: { address: string }) => address)
    expect(await addresses(`owners/api;_at=${at(150)}`)).toEqual(['10.0.0.5', '10.0.0.6'])
    expect(await addresses('owners/api')).toEqual(['10.0.0.6'])
    const held = await view('owners/api;_since=0;_meta')
    expect(held.body.map(({ id, ltime }: { id: string; ltime: number | null }) => [id, ltime])).toEqual([
      ['d1/10.0.0.5/32', at(200)],
      ['d1/10.0.0.6/32', null],
    ])
    const { text } = await view(`owners/api;_since=${at(150)};_until=${at(700)};_diff=1`)
    expect(text).toContain('-      "address": "10.0.0.5",')
    expect(text).not.toContain('-      "address": "10.0.0.6",')
    expect((await view(`owners/batch;_at=${at(900)}`)).status).toBe(410)
    expect((await view('owners/nobody')).status).toBe(404)
  })
})

test('a caller without a right to the domain learns nothing of it', async () => {
  const view = await lived({ access: { readerOf: () => ({ readable: domain => domain !== 'd1', domains: [] }) } })
  const never = await lived({ ask: question => createOwnershipIndex().ask(question), index: createOwnershipIndex() })
  for (const path of [
    `addresses/10.0.0.5;domain=d1;_at=${at(150)}`,
    'addresses/10.0.0.5;domain=d1;_since=0',
    'owners/api',
  ])
    expect([path, (await view(path)).body]).toEqual([path, (await never(path)).body])
})
