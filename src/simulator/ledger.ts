import type { Millis, Window } from '../ownership/window.ts'
import type { Eni } from './eni.ts'
import type { Holder } from './holder.ts'

/** All that is true of one end of a record, over all of [start, end + 1 s). */
export type EndTruth = {
  readonly kind: 'managed' | 'internet' | 'aws-service'
  readonly holders: readonly Holder[]
  /** True where in part of the time nobody (of ours) held it. */
  readonly nobody: boolean
}

/** The packet-level ends of one record of a flow log. */
export type RecordTruth = { readonly source: EndTruth; readonly destination: EndTruth }

/** Of an address that is none of ours at any instant of the window. */
export const INTERNET: EndTruth = { kind: 'internet', holders: [], nobody: true }
export const AWS_SERVICE: EndTruth = { kind: 'aws-service', holders: [], nobody: true }

export const PUBLIC_SPACE = 'inet.0'
export const PUBLIC_SPACE_6 = 'inet6.0'

/** One holder's time, under one name, at one address of one space (a VPC id, or public space). */
export type Tenure = {
  readonly space: string
  readonly ip: string
  readonly fromMs: Millis
  untilMs: Millis
  readonly holder: Holder
  readonly eni: Eni
  /** The address on the ENI: `ip` itself, or the private address behind a public one. */
  readonly privateIp: string
  /** The instance that the ENI is attached to. */
  readonly instanceId: string | null
  /** Packets reach it and are recorded; not so on an ENI that is attached to nothing. */
  readonly reachable: boolean
  /** Somebody is there who also sends. */
  readonly sends: boolean
  readonly truth: EndTruth
}

export type NewTenure = Omit<Tenure, 'space' | 'ip' | 'fromMs' | 'untilMs' | 'truth'>

const isSame = (a: Holder, b: Holder): boolean => a.resourceId === b.resourceId && a.application === b.application

const ABSENT: EndTruth = { kind: 'managed', holders: [], nobody: true }

/** Every change of hands of every address, as it happened: the one source of truth, made from no reply of any API. */
export class Ledger {
  readonly #tenures = new Map<string, Tenure[]>()
  readonly #began: (tenure: Tenure) => void

  constructor(began: (tenure: Tenure) => void) {
    this.#began = began
  }

  /** From `atMs` on `next` holds the address, or nobody. Times never go back. */
  record(space: string, ip: string, atMs: Millis, next: NewTenure | null): void {
    const tenures = this.tenuresOf(space, ip)
    const last = tenures.at(-1)
    const current = last && last.untilMs > atMs ? last : undefined
    if (current && next && isSame(current.holder, next.holder) && current.eni === next.eni) return
    if (current) current.untilMs = atMs
    if (current?.fromMs === atMs) tenures.pop()
    if (!next) return
    const truth: EndTruth = { kind: 'managed', holders: [next.holder], nobody: false }
    const tenure: Tenure = { ...next, space, ip, fromMs: atMs, untilMs: Number.POSITIVE_INFINITY, truth }
    tenures.push(tenure)
    this.#began(tenure)
  }

  at(space: string, ip: string, atMs: Millis): Tenure | undefined {
    const tenures = this.tenuresOf(space, ip)
    for (let i = tenures.length - 1; i >= 0; i--) {
      const tenure = tenures[i] as Tenure
      if (tenure.fromMs <= atMs) return atMs < tenure.untilMs ? tenure : undefined
    }
    return undefined
  }

  /** All that held the address at some instant of the window, in order of time, once each. */
  during(space: string, ip: string, { fromMs, untilMs }: Window): EndTruth {
    const tenures = this.tenuresOf(space, ip)
    let i = tenures.length - 1
    while (i >= 0 && (tenures[i] as Tenure).fromMs >= untilMs) i--
    const newest = tenures[i]
    if (newest === undefined || newest.untilMs <= fromMs) return ABSENT
    if (newest.fromMs <= fromMs && newest.untilMs >= untilMs) return newest.truth

    const holders = [newest.holder]
    let nobody = newest.untilMs < untilMs
    let earliestMs = newest.fromMs
    while (earliestMs > fromMs) {
      const earlier = tenures[--i]
      if (earlier === undefined || earlier.untilMs < earliestMs) nobody = true
      if (earlier === undefined || earlier.untilMs <= fromMs) break
      if (!holders.some(holder => isSame(holder, earlier.holder))) holders.unshift(earlier.holder)
      earliestMs = earlier.fromMs
    }
    return { kind: 'managed', holders, nobody }
  }

  /** Every address that anybody ever held. */
  addresses(): readonly { readonly space: string; readonly ip: string }[] {
    return [...this.#tenures.values()].flatMap(([first]) => (first ? [{ space: first.space, ip: first.ip }] : []))
  }

  /** In order of time, never overlapping; a gap is nobody. */
  tenuresOf(space: string, ip: string): Tenure[] {
    const key = `${space}|${ip}`
    const known = this.#tenures.get(key)
    if (known) return known
    const tenures: Tenure[] = []
    this.#tenures.set(key, tenures)
    return tenures
  }
}
