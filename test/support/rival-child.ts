// A child process of the leadership tests: a poller that may not be the only one of its source. It says what happens to it; told
// "hold" it stays in its next listing until it hears "go", and SIGTERM ends it in good order.
import { Incumbents } from '../../src/changestream/incumbents.ts'
import { startMaterialiser } from '../../src/changestream/materialise.ts'
import type { Snapshot } from '../../src/ownership/snapshot.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { Leadership } from '../../src/pollers/leadership.ts'
import { runPoller } from '../../src/pollers/run-poller.ts'
import { Turns } from '../../src/pollers/turns.ts'
import { systemClock as clock } from '../../src/runtime/clock.ts'
import { noDoubt, owner, prefix } from './estate.ts'
import { openStoryLog, type StoryLogPlace } from './story-log.ts'
import { told } from './told-child.ts'

export type RivalChild = StoryLogPlace & { readonly source: string; readonly intervalMs: number }

const { given, say, hears } = told<RivalChild>()
const { source, intervalMs } = given
const stopping = new AbortController()
const { signal } = stopping
process.once('SIGTERM', () => stopping.abort())

let isHeld = false
hears('hold').then(() => {
  isHeld = true
})

async function list(): Promise<Snapshot> {
  const sentAtMs = clock.now()
  if (isHeld) {
    say('holding')
    await hears('go')
    isHeld = false
  }
  const sighting = { sentAtMs, receivedAtMs: clock.now() }
  const held = {
    domain: 'd1',
    ports: null,
    layer: 'instance',
    whole: false,
    state: 'held',
    stated: [],
    expects: [],
  } as const
  return {
    sighting,
    scope: [{ domain: 'd1', prefix: prefix('10.0.0.0/8'), layers: ['instance'] }],
    // One that stays, and one whose name is that of the process which saw it: what a replaced poller writes would be seen.
    bindings: [
      { ...held, prefix: prefix('10.0.0.1'), owners: [owner('api')], lifetimeId: 'i-1', sighting },
      {
        ...held,
        prefix: prefix('10.0.0.2'),
        owners: [owner(`seen-by-${process.pid}`)],
        lifetimeId: `i-${process.pid}`,
        sighting,
      },
    ],
  }
}

const inventory: Inventory = { source, kind: 'test', bounds: { ...noDoubt, longestGapMs: 2.5 * intervalMs }, list }
const log = await openStoryLog(given)
const incumbents = new Incumbents()
let isCaughtUp = false
const materialiser = startMaterialiser({
  log,
  index: batch => {
    for (const { change, loggedAtMs } of batch) incumbents.take(change, isCaughtUp ? clock.now() : loggedAtMs)
  },
  sinks: [],
  signal,
  report: { fencedWrite: () => {}, deadLetter: () => {}, sinkLacks: () => {} },
})
await materialiser.caughtUp
isCaughtUp = true
const leadership = new Leadership(inventory, {
  log,
  clock,
  incumbents,
  longestMs: intervalMs,
  silentPolls: 2,
  report: {
    standingBy: ({ epoch }) => say(`stands by for ${epoch}`),
    tookOver: ({ epoch }) => say(`leads with ${epoch}`),
    superseded: ({ newest }) => say(`superseded by ${newest}`),
  },
})
const turns = new Turns({ clock, limits: { longestMs: intervalMs, fastestMs: intervalMs } })
const report = leadership.reporting({
  pollCompleted: () => say('polled'),
  pollRefused: ({ reason, detail }) => say(`refused ${reason} ${detail}`),
  publishFailed: ({ cause }) => say(`not published: ${cause}`),
  adoptFailed: ({ cause }) => say(`not adopted: ${cause}`),
})
const adopt = () => leadership.adopt(signal)
await runPoller(inventory, { log: leadership.log, clock, report, adopt, turns: turns.until(signal) }, signal)
await leadership.resign()
await log.close()
say('done')
process.exit(0)
