import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPipeline } from '../../src/cli/pipeline.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { createTelemetry } from '../../src/cli/telemetry.ts'
import { toIp } from '../../src/ownership/address.ts'
import { adoptState } from '../../src/pollers/adopt.ts'
import { toSnapshot } from '../../src/pollers/ec2/snapshot.ts'
import { pollOnce } from '../../src/pollers/poll.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { ESTATE, madeUpEstate, VPC_ID } from './estate.ts'

export type VisibleTask = { readonly addresses: number; readonly changes: number }

/** From the reply that shows another holder to the first look-up that names it. */
export type Visible = { readonly milliseconds: readonly number[] }

const never = new AbortController().signal
const PATIENCE_MS = 60_000

const { addresses, changes }: VisibleTask = JSON.parse(process.argv[2] ?? '')
const folder = await mkdtemp(join(tmpdir(), 'whohad-bench-'))
const telemetry = createTelemetry({ level: 'error', version: 'bench' })
const settings = loadSettings({}, { overrides: { data: { path: folder } } })
const pipeline = await openPipeline(settings, { clock: systemClock, telemetry, threadPoolSize: 4 })
try {
  await pipeline.materialiser.caughtUp
  const estate = madeUpEstate(addresses)
  let shownMs = 0
  let turns = 0
  const inventory = {
    source: 'ec2/123456789012/us-east-1',
    kind: 'ec2',
    bounds: { lagMs: 0, clockErrorMs: 0, bridgeMs: 180_000, briefestHoldingMs: 0, longestGapMs: 150_000 },
    async list() {
      const listing = estate.listing(systemClock.now(), slot => (slot < turns ? 1 : 0), 0)
      shownMs = performance.now()
      return toSnapshot(listing, ESTATE)
    },
  }
  const parts = { log: pipeline.log, clock: systemClock, report: telemetry.report }
  let state = await adoptState(inventory, pipeline.log, systemClock, never)
  state = await pollOnce(inventory, state, parts, never)
  await pipeline.settled()
  const milliseconds: number[] = []
  for (let change = 0; change < changes; change++) {
    turns++
    const polled = pollOnce(inventory, state, parts, never)
    const seen = untilNamed(estate.addressOf(change), estate.eniOf(change, 1))
    state = await polled
    milliseconds.push((await seen) - shownMs)
  }
  const visible: Visible = { milliseconds }
  console.log(JSON.stringify(visible))
} finally {
  await pipeline.close()
  await rm(folder, { recursive: true, force: true })
}

/** Asks again and again, as a person would who waits for it; a candidate counts, as a start is never certain at once. */
async function untilNamed(address: string, eni: string): Promise<number> {
  const ip = toIp(address)
  if (ip === undefined) throw new TypeError(`not an address: ${address}`)
  const giveUpMs = performance.now() + PATIENCE_MS
  while (performance.now() < giveUpMs) {
    const nowMs = systemClock.now()
    const answer = await pipeline.ask({ domain: VPC_ID, ip, fromMs: nowMs - 1, untilMs: nowMs, nowMs })
    const holdings = [answer.holding, ...answer.candidates.map(({ holding }) => holding), ...answer.under]
    if (holdings.some(holding => holding?.owner.eni === eni)) return performance.now()
    await sleep(1)
  }
  throw new Error(`${address} is not shown with ${eni} after ${PATIENCE_MS} ms`)
}
