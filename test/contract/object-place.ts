import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FlowObjectRef, objectIdOf } from '../../src/enricher/flowlogs/object-ref.ts'
import type { ObjectPlace } from '../../src/enricher/places/object-place.ts'
import { WhohadError } from '../../src/runtime/errors.ts'
import { flowLogKey } from '../support/folder-bucket.ts'

export type PlaceHarness = {
  /** Writes an object, and makes it known as the place would hear of it. */
  put(key: string): Promise<FlowObjectRef>
  /** A process at the place, whose passes are short. */
  open(): Promise<ObjectPlace>
  dispose(): Promise<void>
}

const PATIENCE = 25
/** Long enough for a broker that shares its partitions out anew. */
const TEST_MS = 90_000

/** What every place of flow log objects must do; test/contract/ has the suites that several implementations share. */
export function objectPlaceContract(name: string, create: () => Promise<PlaceHarness>): void {
  describe(`flow log objects from ${name}`, () => {
    let harness: PlaceHarness
    let number = 0
    const opened: ObjectPlace[] = []

    beforeAll(async () => {
      harness = await create()
    }, TEST_MS)
    afterAll(async () => {
      for (const place of opened.splice(0)) await place.close()
      await harness.dispose()
    }, TEST_MS)
    // What one test leaves behind is given to the next one as well: each looks for its own objects only.
    beforeEach(async () => {
      for (const place of opened.splice(0)) await place.close()
    }, TEST_MS)

    const open = async (): Promise<ObjectPlace> => {
      const place = await harness.open()
      opened.push(place)
      return place
    }
    const layouts = ['day', 'hour', 'hive', 'hive-hour'] as const
    const keyNow = () => {
      const nowMs = Date.now()
      const layout = layouts[number % layouts.length] ?? 'day'
      const suffix = number % 2 === 0 ? '.log.gz' : '.log.parquet'
      const form = {
        prefix: '',
        organisation: false,
        account: '012345678901',
        region: 'us-east-1',
        layout,
        suffix,
      } as const
      return flowLogKey(form, Math.floor(nowMs / 300_000) * 300_000, nowMs, `hash${number++}`)
    }
    const put = async (count: number): Promise<readonly FlowObjectRef[]> => {
      const objects: FlowObjectRef[] = []
      for (let made = 0; made < count; made++) objects.push(await harness.put(keyNow()))
      return objects
    }
    /** Passes until all of these were given, by any of the places, and acknowledges what `takes` says. */
    const passesUntil = async (
      places: readonly ObjectPlace[],
      wanted: readonly FlowObjectRef[],
      takes: (object: FlowObjectRef) => boolean = () => false,
    ): Promise<ReadonlyMap<string, FlowObjectRef>> => {
      const given = new Map<string, FlowObjectRef>()
      const left = () => wanted.filter(object => !given.has(objectIdOf(object)))
      for (let pass = 0; pass < PATIENCE && left().length > 0; pass++) {
        await Promise.all(
          places.map(async place => {
            try {
              for await (const object of place.list()) {
                given.set(objectIdOf(object), object)
                if (takes(object)) await place.acknowledge(object)
              }
            } catch (error) {
              // As the enricher does: told, and asked again.
              if (!(error instanceof WhohadError)) throw error
            }
          }),
        )
      }
      expect(left()).toEqual([])
      return given
    }
    const isIn = (some: readonly FlowObjectRef[]) => (object: FlowObjectRef) =>
      some.some(one => objectIdOf(one) === objectIdOf(object))
    const all = () => true

    test('every object is given, as it lies there, in every layout of keys', { timeout: TEST_MS }, async () => {
      const objects = [
        ...(await put(8)),
        await harness.put('AWSLogs/012345678901/vpcflowlogs/us-east-1/by hand/a+b=c%20ä.log'),
      ]
      const given = await passesUntil([await open()], objects, all)
      for (const object of objects) expect(given.get(objectIdOf(object))).toEqual(object)
    })

    test('what is not acknowledged is given again in every pass, and new ones with it', {
      timeout: TEST_MS,
    }, async () => {
      const place = await open()
      const [held, done] = [await put(3), await put(3)]
      await passesUntil([place], [...held, ...done], isIn(done))
      const fresh = await put(2)
      const given = await passesUntil([place], [...held, ...fresh])
      for (const object of held) expect(given.has(objectIdOf(object))).toBe(true)
      await passesUntil([place], held, all)
    })

    test('what is not acknowledged is given again after a restart', { timeout: TEST_MS }, async () => {
      const first = await open()
      const [held, done] = [await put(3), await put(3)]
      await passesUntil([first], [...held, ...done], isIn(done))
      await first.close()
      opened.splice(opened.indexOf(first), 1)
      await passesUntil([await open()], held, all)
    })

    test('two processes at one place have every object between them', { timeout: TEST_MS }, async () => {
      const places = [await open(), await open()]
      await passesUntil(places, await put(10), all)
      await passesUntil(places, await put(10), all)
    })

    test('a pass ends where it is called off', { timeout: TEST_MS }, async () => {
      const place = await open()
      await put(2)
      const stopping = new AbortController()
      stopping.abort()
      const pass = async () => {
        for await (const _object of place.list(stopping.signal)) break
      }
      await pass().catch(error => expect(error).toMatchObject({ name: 'AbortError' }))
    })
  })
}
