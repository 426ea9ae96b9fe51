import { formatAddress } from '../../src/ownership/address.ts'
import type { Owner } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'
import type { StandingColumns } from '../../src/ownership/standing-index.ts'
import { buildIndex } from '../index/build.ts'
import { BASE_MS, type Estate, SPAN_MS } from '../index/estate.ts'
import { BenchFacts, DOMAIN, ownerOf, SOURCE } from '../index/facts.ts'
import { addressOfInterface, INTERFACES, interfaceName } from './traffic.ts'

/**
 * The estate as what workers share. That its interfaces have their addresses is known besides, all of the time: it says which
 * end of a record is the interface's own, and in which domain it lies. The estate's claims name no interface, so that
 * whoever held the interface's address owns that end too.
 */
export function standingOf(estate: Estate, report: (line: string) => void): StandingColumns {
  const { columns } = buildIndex(estate, BASE_MS, report, new BenchFacts({ eni: null }))
  const { interfaceClaims } = interfacesOf(estate).standing()
  return { generation: columns, interfaceClaims, serviceDomains: [] }
}

function interfacesOf(estate: Estate) {
  const index = createOwnershipIndex()
  const words = new Uint32Array(4)
  const before = { earliestMs: BASE_MS - 1, latestMs: BASE_MS - 1 }
  for (let number = 0; number < INTERFACES; number++) {
    estate.writeAddress(addressOfInterface(estate, number), words, 0)
    const address = formatAddress({ family: 4, words: [words[0] as number, 0, 0, 0] })
    const eni = interfaceName(number)
    index.apply({
      record: 'claim',
      id: eni,
      revision: { epoch: 1, sequence: 1 },
      domain: DOMAIN,
      prefix: `${address}/32` as Prefix,
      ports: null,
      layer: 'interface',
      source: SOURCE,
      owners: [interfaceOwner(number, eni)],
      lifetimeId: eni,
      start: before,
      end: { earliestMs: BASE_MS + SPAN_MS, latestMs: Number.POSITIVE_INFINITY },
      lastSightingMs: BASE_MS + SPAN_MS,
      evidence: 'sighted',
      state: 'closed',
      expects: [],
      whole: false,
    })
  }
  return index
}

const interfaceOwner = (number: number, eni: string): Owner => ({
  ...ownerOf(number, 'container'),
  kind: 'interface',
  resourceId: eni,
  eni,
})
