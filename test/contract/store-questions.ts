import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { prefixesAround } from '../../src/api/as-of.ts'
import type { Ip } from '../../src/ownership/address.ts'
import type { Change } from '../../src/ownership/claim.ts'
import type { AttributedFlow, Traffic, TrafficQuery } from '../../src/store/port.ts'
import { claim, end, flow, horizon, manifest, NOON_MS, progress, source } from '../support/clickhouse-rows.ts'
import { prefix } from '../support/estate.ts'
import type { StoreUnderTest } from './store.ts'

const HOUR_SECONDS = 3600

/** What every driver of the store answers to the questions of the API: what was known at a moment, and who sends to whom. */
export function storeQuestionsContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`questions to the store on ${name}`, () => {
    let tested: StoreUnderTest
    beforeAll(async () => {
      tested = await open()
      await tested.store.migrate()
    })
    afterAll(() => tested?.close())

    describe('what bears on addresses as of a moment', () => {
      const watched = (name: string, block: string) => ({
        source: `as-of/${name}`,
        scope: [{ domain: 'as-of', prefix: prefix(block), layers: ['instance' as const], fromMs: 0 }],
      })
      const ofHost = (id: string, host: string, more: Partial<Parameters<typeof claim>[0]> = {}) =>
        claim({ id: `as-of-${id}`, domain: 'as-of', prefix: prefix(host), source: 'as-of/a', ...more })
      /** By the millisecond after noon at which each was logged. */
      const changes: readonly Change[] = [
        source(watched('a', '10.0.0.0/16')),
        source(watched('b', '10.1.0.0/16')),
        ofHost('one', '10.0.0.1/32'),
        ofHost('two', '10.0.0.2/32'),
        ofHost('wide', '10.0.0.0/24'),
        ofHost('else', '10.0.0.1/32', { domain: 'as-of-other' }),
        progress({ source: 'as-of/a' }),
        progress({ source: 'as-of/b' }),
        horizon({ domain: 'as-of', beforeMs: 5 }),
        ofHost('one', '10.0.0.1/32', { revision: { epoch: 1, sequence: 2 } }),
      ]
      const offsetsOf = async (ips: readonly string[], asOf: number, domain = 'as-of') => {
        const place = { domain, ips: ips as readonly Ip[], prefixes: ips.flatMap(ip => prefixesAround(ip as Ip)) }
        const found = await tested.store.changesAbout(place, NOON_MS + asOf)
        for (const { change, offset } of found.filter(({ partition }) => partition === 71))
          expect(change).toEqual(changes[offset])
        return found.filter(({ partition }) => partition === 71).map(({ offset }) => offset)
      }

      beforeAll(async () => {
        const stored = changes.map((change, offset) => ({
          change,
          partition: 71,
          offset,
          loggedAtMs: NOON_MS + offset,
        }))
        await tested.store.insertChanges(stored)
        await tested.store.insertChanges(stored.toReversed())
      })

      test('is every claim on prefixes that cover one of them, the registrations, the polls of who watches them, the horizon', async () => {
        expect(await offsetsOf(['10.0.0.1'], 100)).toEqual([0, 1, 2, 4, 6, 8, 9])
        expect(await offsetsOf(['10.0.0.1', '10.0.0.2'], 100)).toEqual([0, 1, 2, 3, 4, 6, 8, 9])
        expect(await offsetsOf(['10.0.0.2', '10.1.0.9'], 100)).toEqual([0, 1, 3, 4, 6, 7, 8])
      })

      test('was logged by then, that moment included', async () => {
        expect(await offsetsOf(['10.0.0.1'], 8)).toEqual([0, 1, 2, 4, 6, 8])
        expect(await offsetsOf(['10.0.0.1'], 4)).toEqual([0, 1, 2, 4])
        expect(await offsetsOf(['10.0.0.1'], -1)).toEqual([])
      })

      test('has a claim of the domain where none is on the addresses, and none of another domain', async () => {
        const known = await offsetsOf(['10.1.0.9'], 100)
        expect(known.filter(offset => changes[offset]?.record === 'claim')).toHaveLength(1)
        expect(await offsetsOf(['10.1.0.9'], 100, 'as-of-nowhere')).toEqual([0, 1])
      })
    })

    describe('who sends to whom', () => {
      // A day of its own, as the tests share one store.
      const START = 1_800_000_000
      const query = (over: Partial<TrafficQuery> = {}): TrafficQuery => ({
        fromMs: START * 1000,
        untilMs: (START + 4 * HOUR_SECONDS) * 1000,
        by: 'app',
        withMiddles: false,
        most: 100,
        ...over,
      })
      const told = (traffic: readonly Traffic[]) =>
        traffic.map(({ source, destination, flows, bytes, rejectedFlows, rejectedBytes }) =>
          [source, destination]
            .map(one => one.name || one.middle || one.state)
            .concat(`${flows} ${bytes}`, rejectedFlows > 0 ? `${rejectedFlows} ${rejectedBytes} rejected` : [])
            .join(' '),
        )
      const ask = async (over: Partial<TrafficQuery> = {}) => told(await tested.store.traffic(query(over)))
      const web = end({ application: 'web', cluster: 'web-blue', account: '111111111111', zone: 'z1', domain: 'tr-a' })
      const pay = end({ application: 'pay', cluster: 'pay-red', account: '222222222222', zone: 'z2', domain: 'tr-b' })
      const none = (state: 'unowned' | 'unknown') => end({ ...web, state, application: '', claimId: '', domain: '' })
      const s3 = end({ state: 'external', application: '', service: 'S3', domain: 'inet.0', claimId: '' })
      const nat = end({ application: '', resourceId: 'nat-7', claimId: 'tr-nat', domain: 'tr-a' })

      const committed = async (objectId: string, flows: readonly AttributedFlow[], generation = 1) => {
        await tested.store.insertFlows(flows.map((given, i) => ({ ...given, objectId, generation, record: i })))
        const done = { objectId, generation, state: 'committed' as const, updatedAtMs: NOON_MS + generation }
        await tested.store.putObject(manifest(done))
      }

      beforeAll(async () => {
        const at = (seconds: number, more: Partial<AttributedFlow>) => flow({ startSeconds: START + seconds, ...more })
        await committed('tr-1', [
          at(0, { source: web, destination: pay, bytes: 100 }),
          at(HOUR_SECONDS, { source: web, destination: pay, bytes: 20, action: 'REJECT', direction: 'ingress' }),
          at(HOUR_SECONDS, { source: web, destination: none('unowned'), bytes: 9 }),
          at(HOUR_SECONDS, { source: none('unknown'), destination: pay, bytes: 8 }),
          at(2 * HOUR_SECONDS, { source: web, destination: nat, bytes: 7 }),
          at(2 * HOUR_SECONDS, { source: nat, destination: s3, bytes: 6 }),
          at(4 * HOUR_SECONDS, { source: web, destination: pay, bytes: 1_000_000 }),
        ])
        const corrected = (bytes: number) => [at(5, { source: pay, destination: web, bytes })]
        await committed('tr-2', corrected(5_000))
        await committed('tr-2', corrected(40), 2)
        await tested.store.insertFlows(corrected(9_999).map(row => ({ ...row, objectId: 'tr-open' })))
        const [owner] = claim().owners
        if (owner === undefined) throw new TypeError('the sample claim has an owner')
        const gateway = claim({ id: 'tr-nat', owners: [{ ...owner, kind: 'nat_gateway' }], domain: 'tr-a' })
        await tested.store.insertChanges([{ change: gateway, partition: 72, offset: 0, loggedAtMs: NOON_MS }])
      })

      test('is every record of a committed generation once, by whole hours as by parts of them', async () => {
        const all = ['web pay 2 120 1 20 rejected', 'pay web 1 40', 'web unowned 1 9', 'unknown pay 1 8']
        expect(await ask()).toEqual([...all, 'web owned 1 7', 'owned S3 1 6'])
        expect(await ask({ fromMs: (START + 1) * 1000 })).toEqual(
          expect.arrayContaining(['web pay 1 20 1 20 rejected', 'pay web 1 40']),
        )
        expect(await ask({ untilMs: (START + 1) * 1000 })).toEqual(['web pay 1 100'])
        expect(await ask({ most: 2 })).toEqual(all.slice(0, 2))
      })

      test('is asked by cluster, account and zone, by direction, and with the gateways between', async () => {
        expect((await ask({ by: 'cluster' }))[0]).toBe('web-blue pay-red 2 120 1 20 rejected')
        expect((await ask({ by: 'account' }))[0]).toBe('111111111111 222222222222 2 120 1 20 rejected')
        expect((await ask({ by: 'zone' }))[0]).toBe('z1 z2 2 120 1 20 rejected')
        expect(await ask({ direction: 'ingress' })).toEqual(['web pay 1 20 1 20 rejected'])
        expect((await ask({ withMiddles: true })).slice(-2)).toEqual(['web nat-7 1 7', 'nat-7 S3 1 6'])
      })

      test('is cut to domains before it is cut to a limit', async () => {
        expect(await ask({ domains: ['tr-b'], most: 3 })).toEqual([
          'web pay 2 120 1 20 rejected',
          'pay web 1 40',
          'unknown pay 1 8',
        ])
        expect(await ask({ domains: ['nowhere'] })).toEqual([])
      })
    })
  })
}
