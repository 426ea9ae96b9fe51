import type { StandingIndex } from '../../ownership/standing-index.ts'
import type { Window } from '../../ownership/window.ts'
import { isInterfaceFinal } from '../attribute.ts'
import { recordAt } from '../flowlogs/record-at.ts'
import { ABSENT, type RecordBatch, type TextNumbers } from '../flowlogs/record-batch.ts'
import { OwnAddresses } from './own-addresses.ts'
import { OWN_SPACES, type Recorder } from './recorder.ts'
import { RecorderRows } from './recorder-rows.ts'
import { firstSecondIn, lastSecondIn } from './seconds.ts'
import type { SteadyLookUps } from './steady-look-ups.ts'
import type { Viewpoints } from './viewpoints.ts'

const MOST_RECORDERS = 262_144

/** The texts by which a recorder is found besides its interface, by number, and what they come to. */
type NamedPlace = {
  readonly account: number | undefined
  readonly vpc: number | undefined
  readonly region: number | undefined
  readonly name: string
}

/** The recording interfaces that were met, each as it was when it was met last. */
export class Recorders {
  /** Those of the texts of the batch. */
  readonly rows = new RecorderRows()
  private readonly index: StandingIndex
  private readonly lookUps: SteadyLookUps
  private readonly viewpoints: Viewpoints
  private readonly byName = new Map<string, Recorder>()
  /** What the numbers in the rows depend on. */
  private texts: TextNumbers | undefined
  private regionOfObject: string | undefined
  private lastPlace: NamedPlace | undefined
  private readonly remoteSpaces = new Map<string, number>()
  /** Never 0. */
  private lastOwnSpace = 0

  constructor(index: StandingIndex, lookUps: SteadyLookUps, viewpoints: Viewpoints) {
    this.index = index
    this.lookUps = lookUps
    this.viewpoints = viewpoints
  }

  startBatch({ texts }: RecordBatch): void {
    const { regionOfObject } = this.lookUps
    if (this.texts !== texts || this.regionOfObject !== regionOfObject) {
      this.rows.clear()
      this.lastPlace = undefined
    }
    this.texts = texts
    this.regionOfObject = regionOfObject
    this.rows.makeRoom(texts.size)
  }

  /**
   * Finds by name who made the record at a place, looks at him anew where what is known does not hold for the record's
   * window, [from, until) in seconds, and puts him into `rows`. False where he does not stay the same within the window.
   */
  meet(batch: RecordBatch, place: number, window: Window, from: number, until: number): boolean {
    const name = this.nameOf(batch, place)
    const known = this.byName.get(name)
    const recorder = known && holdsFor(known, from, until) ? known : this.lookAt(batch, place, window)
    if (recorder === undefined || !holdsFor(recorder, from, until)) return false
    if (recorder !== known) {
      if (this.byName.size >= MOST_RECORDERS) this.byName.clear()
      this.byName.set(name, recorder)
    }
    this.rows.put(batch, place, recorder)
    return true
  }

  private lookAt(batch: RecordBatch, place: number, window: Window): Recorder | undefined {
    const { lookUps } = this
    const record = recordAt(batch, place)
    const { interfaceId } = record
    lookUps.begin(window)
    const view = interfaceId === undefined ? undefined : lookUps.interfaceDuring(interfaceId, window)
    const domains = lookUps.domainsOf(record, view, window)
    lookUps.rest()
    const { isSteady, fromMs, untilMs } = lookUps.stretch
    if (!isSteady) return undefined
    this.lastOwnSpace += OWN_SPACES
    return {
      fromSeconds: firstSecondIn(fromMs),
      untilSeconds: lastSecondIn(untilMs),
      ownSpace: this.lastOwnSpace,
      remoteSpace: this.remoteSpace(domains),
      isFinal: isInterfaceFinal(interfaceId, view, window, lookUps),
      own: view && new OwnAddresses(view),
      viewed: this.viewpoints.from(domains),
      known: { view, domains, number: interfaceId === undefined ? -1 : this.index.interfaceNumber(interfaceId) },
    }
  }

  /** Of all texts of a record that tell who made it, and of what stands in for a region. */
  private nameOf(batch: RecordBatch, place: number): string {
    const { interfaces, texts } = batch
    const eni = interfaces[place] as number
    // An array in JSON ends where it ends, whatever follows it.
    return `${this.placeOf(batch, place)}${eni === ABSENT ? '' : `=${texts.text(eni)}`}`
  }

  /** All but the interface: mostly that of the record before. */
  private placeOf(batch: RecordBatch, place: number): string {
    const { lastPlace, lookUps } = this
    const [account, vpc, region] = [batch.accounts[place], batch.vpcs[place], batch.regions[place]]
    const isSame = lastPlace?.account === account && lastPlace?.vpc === vpc && lastPlace?.region === region
    if (lastPlace && isSame) return lastPlace.name
    const told = [account, vpc, region].map(number =>
      number === undefined || number === ABSENT ? null : batch.texts.text(number),
    )
    const name = JSON.stringify([...told, lookUps.regionOfObject])
    this.lastPlace = { account, vpc, region, name }
    return name
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

const holdsFor = ({ fromSeconds, untilSeconds }: Recorder, from: number, until: number): boolean =>
  fromSeconds <= from && until <= untilSeconds
