import { expect, test } from 'vitest'
import { parseZone } from '../../src/api/annotate-route.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { testApi } from '../support/api.ts'
import { owner, TestSource } from '../support/estate.ts'

const START_MS = 1_400_000_000_000

async function api() {
  const index = createOwnershipIndex()
  const source = new TestSource(index)
  for (const seconds of [100, 200]) {
    source.poll(START_MS + seconds * 1000, START_MS + seconds * 1000 + 5, [
      { address: '10.0.0.5', owner: owner('api') },
    ])
  }
  return testApi({ index, generation: () => index.generation() })
}

test('POST /v1/annotate gives the text back with owners, as of the time of the line or the one that is given', async () => {
  const { app, done } = await api()
  const headers = { 'content-type': 'application/octet-stream' }
  const at = START_MS / 1000 + 150
  const payload = `tcp 10.0.0.5:80\n${at - 1000} 10.0.0.5\n`
  const reply = await app.inject({ method: 'POST', url: `/v1/annotate?at=${at}`, headers, payload })
  expect(reply.statusCode).toBe(200)
  expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8')
  expect(reply.body).toBe(`tcp 10.0.0.5:80{api}\n${at - 1000} 10.0.0.5{?api:before-coverage}\n`)
  expect((await app.inject({ method: 'POST', url: '/v1/annotate', payload: '' })).body).toBe('')
  expect(done).toEqual(Array(2).fill({ route: '/v1/annotate', status: 200 }))
})

test.each([
  ['at=x', 'WHOHAD_TIME_MALFORMED'],
  ['domain=a%20b', 'WHOHAD_DOMAIN_MALFORMED'],
  ['zone=CET', 'WHOHAD_ZONE_MALFORMED'],
  ['form=x', 'WHOHAD_PARAMETER_MALFORMED'],
])('POST /v1/annotate?%s is refused with %s', async (query, code) => {
  const reply = await (await api()).app.inject({ method: 'POST', url: `/v1/annotate?${query}`, payload: 'x' })
  expect([reply.statusCode, reply.json().code]).toEqual([400, code])
})

test('a zone is a difference to UTC, its plus sign perhaps lost on the way', () => {
  expect(['+02:00', ' 02:00', '-0530', 'Z', '00'].map(parseZone)).toEqual([7_200_000, 7_200_000, -19_800_000, 0, 0])
})
