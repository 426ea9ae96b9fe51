import type { StandingIndex } from '../../ownership/standing-index.ts'
import type { Window } from '../../ownership/window.ts'
import { isInterfaceFinal } from '../attribute.ts'
import { recordAt } from '../flowlogs/record-at.ts'
import { ABSENT, type RecordBatch, type TextNumbers } from '../flowlogs/record-batch.ts'
import { OwnAddresses } from './own-addresses.ts'
import { secondsWithin } from './seconds.ts'
import type { KnownInterface, SteadyLookUps } from './steady-look-ups.ts'
import type { ViewedSpace } from './viewpoints.ts'

/** What is known of the interface that records, over a stretch of time in which it stays the same. */
export type Recorder = {
  fromSeconds: number
  untilSeconds: number
  /**
   * Names its own ends, whose answers hold for this interface and stretch alone: OWN_SPACES of them, by how an end shows its
   * address.
   */
  ownSpace: number
  /** Names the remote ends: the same for all interfaces that are in the same domains. */
  remoteSpace: number
  /** The domain that it is in; undefined where there is none, or several. */
  domain: string | undefined
  isFinal: boolean
  /** Undefined of an interface that is not known. */
  own: OwnAddresses | undefined
  /** How remote addresses are seen from that domain; undefined where they are to be worked out one by one. */
  viewed4: ViewedSpace | undefined
  viewed6: ViewedSpace | undefined
  known: KnownInterface
  /** Numbers of the texts by which it was found. */
  account: number
  vpc: number
  region: number
}

/** What is added to `ownSpace`: PACKET where the end has a packet-level address; UNTOLD, OPPOSITE: see joiner.ts. */
export const PACKET = 1
export const UNTOLD = 2
export const OPPOSITE = 4
const OWN_SPACES = 8
const MOST_RECORDERS = 262_144

/** The recording interfaces that were met, each as it was when it was met last. */
export class Recorders {
  private readonly index: StandingIndex
  private readonly lookUps: SteadyLookUps
  private readonly byName = new Map<string, Recorder>()
  private byNumber: Recorder[] = []
  private texts: TextNumbers | undefined
  private readonly remoteSpaces = new Map<string, number>()
  /** Never 0. */
  private lastOwnSpace = 0

  constructor(index: StandingIndex, lookUps: SteadyLookUps) {
    this.index = index
    this.lookUps = lookUps
  }

  /** Numbers of texts mean something else from now on. */
  startObject(): void {
    this.byNumber = []
    this.texts = undefined
  }

  of(batch: RecordBatch, place: number): Recorder {
    const known = this.byNumber[(batch.interfaces[place] as number) + 1]
    if (
      known !== undefined &&
      this.texts === batch.texts &&
      known.account === batch.accounts[place] &&
      known.vpc === batch.vpcs[place] &&
      known.region === batch.regions[place]
    ) {
      return known
    }
    return this.find(batch, place)
  }

  /** Looks at the interface anew, for a window; false where it does not stay the same within it. */
  renew(recorder: Recorder, batch: RecordBatch, place: number, window: Window): boolean {
    const { lookUps } = this
    const record = recordAt(batch, place)
    const { interfaceId } = record
    lookUps.begin(window)
    const view = interfaceId === undefined ? undefined : lookUps.interfaceDuring(interfaceId, window)
    const domains = lookUps.domainsOf(record, view, window)
    lookUps.rest()
    if (!lookUps.stretch.isSteady) return false
    const [fromSeconds, untilSeconds] = secondsWithin(lookUps.stretch)
    recorder.fromSeconds = fromSeconds
    recorder.untilSeconds = untilSeconds
    this.lastOwnSpace += OWN_SPACES
    recorder.ownSpace = this.lastOwnSpace
    recorder.remoteSpace = this.remoteSpace(domains)
    recorder.domain = domains.length === 1 ? domains[0] : undefined
    recorder.isFinal = isInterfaceFinal(interfaceId, view, window, lookUps)
    recorder.own = view && new OwnAddresses(view)
    const number = interfaceId === undefined ? -1 : this.index.interfaceNumber(interfaceId)
    recorder.known = { view, domains, number }
    return true
  }

  private find(batch: RecordBatch, place: number): Recorder {
    if (this.texts !== batch.texts) {
      this.byNumber = []
      this.texts = batch.texts
    }
    const [eni, account, vpc, region] = [
      batch.interfaces[place] as number,
      batch.accounts[place] as number,
      batch.vpcs[place] as number,
      batch.regions[place] as number,
    ]
    const text = (number: number) => (number === ABSENT ? null : batch.texts.text(number))
    const name = JSON.stringify([text(eni), text(account), text(vpc), text(region), this.lookUps.regionOfObject])
    const known = this.byName.get(name)
    const recorder = known ?? unseen()
    if (known === undefined) {
      if (this.byName.size >= MOST_RECORDERS) this.byName.clear()
      this.byName.set(name, recorder)
    }
    recorder.account = account
    recorder.vpc = vpc
    recorder.region = region
    this.byNumber[eni + 1] = recorder
    return recorder
  }

  private remoteSpace(domains: readonly string[]): number {
    const name = JSON.stringify(domains)
    const known = this.remoteSpaces.get(name)
    if (known !== undefined) return known
    const space = -1 - this.remoteSpaces.size
    this.remoteSpaces.set(name, space)
    return space
  }
}

const unseen = (): Recorder => ({
  fromSeconds: 0,
  untilSeconds: 0,
  ownSpace: 0,
  remoteSpace: 0,
  domain: undefined,
  isFinal: false,
  own: undefined,
  viewed4: undefined,
  viewed6: undefined,
  known: { view: undefined, domains: [], number: -1 },
  account: ABSENT,
  vpc: ABSENT,
  region: ABSENT,
})
