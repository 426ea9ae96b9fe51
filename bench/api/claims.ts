import { join } from 'node:path'
import { writeCheckpoint } from '../../src/changestream/checkpoint/checkpoint.ts'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import { checkpointPath } from '../../src/cli/checkpoints.ts'
import { formatAddress } from '../../src/ownership/address.ts'
import type { Change, Claim } from '../../src/ownership/claim.ts'
import { imageOf } from '../../src/ownership/index-image.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { answerTask } from '../enrich/child.ts'
import { ipv4Subnets, type Subnet } from '../index/addresses.ts'
import { BASE_MS, Estate, SPAN_MS } from '../index/estate.ts'
import { DOMAIN, ownerOf, progress, SOURCE, sourceRecord } from '../index/facts.ts'
import { claimsOf } from '../index/ledger.ts'

export type ClaimsTask = { readonly folder: string; readonly claims: number; readonly seed: number }
export type ClaimsMade = { readonly claims: number; readonly checkpointBytes: number }

const ADDRESSES_AT_ONCE = 5000
const POLL_EVERY_MS = 60_000
const SEGMENT_BYTES = 64 * 2 ** 20

/**
 * A data folder as a server leaves it behind: a checkpoint with all claims of the estate, and a change stream that ends there. Every
 * claim has an owner of its own, as tasks have; 41,216 claims on subnets lie beneath.
 */
async function make({ folder, claims, seed }: ClaimsTask): Promise<ClaimsMade> {
  const estate = new Estate({ versions: claims, seed })
  const index = createOwnershipIndex()
  const last: Change = progress(SPAN_MS / POLL_EVERY_MS + 2, BASE_MS + SPAN_MS + POLL_EVERY_MS)
  index.apply(sourceRecord(BASE_MS))
  for (let poll = 0; poll <= SPAN_MS / POLL_EVERY_MS; poll++) {
    index.apply(progress(poll + 1, BASE_MS + poll * POLL_EVERY_MS))
  }
  for (const subnet of ipv4Subnets()) index.apply(claimOnSubnet(subnet))
  for (let first = 0; first < estate.addresses; first += ADDRESSES_AT_ONCE) {
    const count = Math.min(ADDRESSES_AT_ONCE, estate.addresses - first)
    for (const claim of claimsOf(estate, first, count)) index.apply(claim)
    if (first % (ADDRESSES_AT_ONCE * 20) === 0) console.error(`claims of ${first} of ${estate.addresses} addresses`)
  }
  const image = imageOf(index.columns())
  const log = await openEmbeddedLog({
    folder: join(folder, 'changes'),
    segmentBytes: SEGMENT_BYTES,
    clock: systemClock,
    onTornTail: () => {},
  })
  // One record that the checkpoint does not have: a start reads it after the checkpoint.
  await log.append([last])
  await log.close()
  await writeCheckpoint(checkpointPath(folder), { read: { positions: [0], last: [null], epochs: [] }, image })
  const checkpointBytes = image.sections.reduce((sum, { bytes }) => sum + bytes.length, 0)
  return { claims: index.counts().claims, checkpointBytes }
}

function claimOnSubnet({ family, words, length, owner }: Subnet): Claim {
  const prefix = `${formatAddress({ family, words })}/${length}` as Prefix
  return {
    record: 'claim',
    id: `subnet-${owner}`,
    revision: { epoch: 1, sequence: 1 },
    domain: DOMAIN,
    prefix,
    ports: null,
    layer: 'network',
    source: SOURCE,
    owners: [ownerOf(owner, 'subnet')],
    lifetimeId: null,
    start: { earliestMs: Number.NEGATIVE_INFINITY, latestMs: BASE_MS },
    end: { earliestMs: BASE_MS + SPAN_MS, latestMs: Number.POSITIVE_INFINITY },
    lastSightingMs: BASE_MS + SPAN_MS,
    evidence: 'sighted',
    state: 'open',
    expects: [],
    whole: true,
  }
}

await answerTask(make)
