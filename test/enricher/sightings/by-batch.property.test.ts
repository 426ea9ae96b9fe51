import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readFlowLog } from '../../../src/enricher/flowlogs/read.ts'
import { readBatches } from '../../../src/enricher/flowlogs/read-batches.ts'
import { ObjectSightings } from '../../../src/enricher/sightings/object-sightings.ts'
import type { Claim } from '../../../src/ownership/claim.ts'
import type { OwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { inPieces } from '../../support/byte-streams.ts'
import { machine, polledByTheMinute } from '../../support/machines.ts'
import { propertyRuns, propertyTimeoutMs } from '../../support/property-runs.ts'

const MINUTES = 6
const ADDRESSES = ['10.0.0.5', '10.0.0.6']

/** Which of some machines a poll shows, and at which of the addresses. */
const world = fc
  .array(fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 1 })), { maxLength: 2 }), {
    minLength: MINUTES,
    maxLength: MINUTES,
  })
  .map(polls =>
    polls.map(shown => {
      const held = new Map(shown.map(([number, address]) => [number, address]))
      return [...held].flatMap(([number, address]) =>
        machine(`app-${number}`, number, { address: `${ADDRESSES[address]}/32` }),
      )
    }),
  )

const line = fc
  .record({
    eni: fc.constantFrom('eni-0', 'eni-1', 'eni-2', 'eni-3', 'eni-9', '-'),
    own: fc.constantFrom(...ADDRESSES, '10.0.9.9'),
    isSent: fc.boolean(),
    from: fc.oneof(fc.nat({ max: 60 * MINUTES }).map(String), fc.constant('-')),
    seconds: fc.nat({ max: 90 }),
  })
  .map(({ eni, own, isSent, from, seconds }) => {
    const [source, destination] = isSent ? [own, '10.0.8.8'] : ['10.0.8.8', own]
    const until = from === '-' ? '-' : String(Number(from) + seconds)
    return `${eni} ${source} ${destination} ${isSent ? 'egress' : 'ingress'} ${from} ${until}`
  })

const HEADER = 'interface-id srcaddr dstaddr flow-direction start end'

async function claimsOf(
  index: OwnershipIndex,
  slackMs: number,
  take: (seen: ObjectSightings) => Promise<void>,
): Promise<readonly Claim[]> {
  const seen = new ObjectSightings({ objectId: 'o1', slackMs, index })
  await take(seen)
  return seen.claims()
}

test('batches show what their records show, one by one', { timeout: propertyTimeoutMs(60_000) }, async () => {
  let shownAnything = 0
  await fc.assert(
    fc.asyncProperty(
      world,
      fc.array(line, { maxLength: 40 }),
      fc.constantFrom(0, 5000),
      async (polls, lines, slackMs) => {
        const { index } = polledByTheMinute(polls)
        const text = Buffer.from(`${[HEADER, ...lines].join('\n')}\n`)
        const one = await claimsOf(index, slackMs, async seen => {
          for await (const { lines: parsed } of readFlowLog(inPieces(text), { name: 'o1' })) {
            for (const each of parsed) if (each.kind === 'flow') seen.take(each)
          }
        })
        const many = await claimsOf(index, slackMs, async seen => {
          // In two parts: interfaces have other numbers in the second one.
          for (const part of [lines.slice(0, 5), lines.slice(5)]) {
            const bytes = Buffer.from(`${[HEADER, ...part].join('\n')}\n`)
            for await (const batch of readBatches(inPieces(bytes), { name: 'o1', batchRecords: 7 }))
              seen.takeBatch(batch)
          }
        })
        expect(many).toEqual(one)
        if (one.length > 0) shownAnything++
      },
    ),
    propertyRuns(300),
  )
  expect(shownAnything).toBeGreaterThan(10)
})
