import { expect, test } from 'vitest'
import { createAnnotator } from '../../../src/enricher/annotate.ts'
import { lookUpsOn } from '../../../src/enricher/look-ups.ts'
import { canFlowsTell, learnFrom } from '../../../src/enricher/sightings/first-pass.ts'
import type { OwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { bytesOf } from '../../support/flow-records.ts'
import { machine, polledByTheMinute, STEADY } from '../../support/machines.ts'

const peer = machine('peer', 3, { address: '10.0.0.9/32' })
const [api, batch] = [1, 2].map(number => machine(number === 1 ? 'api' : 'batch', number, { address: '10.0.0.5/32' }))
const shown = [api, api, batch, batch, batch].map(held => [...(held ?? []), ...peer])

const HEADER = 'interface-id srcaddr dstaddr flow-direction start end\n'
/** The peer's own log, in which the address is a remote one, and that of the interface that had it. */
const PEERS = `${HEADER}eni-3 10.0.0.5 10.0.0.9 ingress 70 79\n`
const OWN = `${HEADER}eni-1 10.0.0.5 10.0.0.9 egress 70 80\n`

async function sourceOf(index: OwnershipIndex, text: string): Promise<string> {
  const annotator = createAnnotator({ lookUps: lookUpsOn(index, []), slackMs: 0, nowMs: 1_000_000 })
  for await (const line of annotator.annotate('log', bytesOf(text))) {
    if (line.kind === 'flow') return `${line.source.state} ${line.source.reason} ${line.source.application}`
  }
  throw new Error('no record')
}

test('what one file shows of its interfaces answers the records of another', async () => {
  const { index } = polledByTheMinute(shown)
  expect(canFlowsTell(index)).toBe(true)
  expect(await sourceOf(index, PEERS)).toBe('ambiguous handoff ')
  expect(await learnFrom('own', bytesOf(OWN), { index, slackMs: 0 })).toBe(2)
  expect(await learnFrom('peers', bytesOf(PEERS), { index, slackMs: 0 })).toBe(0)
  expect(await sourceOf(index, PEERS)).toBe('owned flow-sighting api')
})

test('a file that cannot be read to its end shows what it had shown by then', async () => {
  const { index } = polledByTheMinute(shown)
  async function* torn(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(OWN)
    yield Buffer.from('eni-1 ')
    throw new Error('torn')
  }
  await expect(learnFrom('own', torn(), { index, slackMs: 0 })).rejects.toThrow('torn')
  expect(await sourceOf(index, PEERS)).toBe('owned flow-sighting api')
})

test('without a promise of the sources no file is read twice', () => {
  expect(canFlowsTell(polledByTheMinute(shown, { ...STEADY, briefestHoldingMs: 0 }).index)).toBe(false)
})
