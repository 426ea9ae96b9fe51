import { formatAddress } from '../../src/ownership/address.ts'
import { type Estate, versionColumns } from '../index/estate.ts'
import { ownerOf } from '../index/facts.ts'
import { taskOf } from '../index/ledger.ts'
import { choiceOf, fractionOf, seedOf } from '../index/random.ts'

/** Who surely held an address: his application, and the task that is his alone. */
export type Holder = { readonly application: string; readonly task: string }

/** What the generator knows of its estate. Times are milliseconds after BASE_MS. */
export class Truth {
  readonly estate: Estate
  private readonly history
  private readonly words = new Uint32Array(4)

  constructor(estate: Estate) {
    this.estate = estate
    this.history = versionColumns(estate.versionsPerAddress)
  }

  address(number: number): string {
    this.estate.writeAddress(number, this.words, 0)
    return formatAddress({ family: 4, words: [this.words[0] as number, 0, 0, 0] })
  }

  /** Undefined where no host certainly held it: then a subnet did, or nobody can say. */
  holder(number: number, atMs: number): Holder | undefined {
    const { estate, history } = this
    const each = estate.versionsPerAddress
    estate.fill(number, 1, history)
    for (let i = 0; i < each; i++) {
      if ((history.startLatest[i] as number) > atMs || atMs >= (history.endEarliest[i] as number)) continue
      const owner = ownerOf(history.owner[i] as number, 'container')
      return { application: owner.application ?? '', task: taskOf(estate, number * each + i) }
    }
    return undefined
  }
}

const [RANKS, ADDRESSES, COLD] = [2001, 2002, 2003]

/** 20,000 addresses, some met far more often than others, as the peers of real traffic are. */
export function skewedAddress(estate: Estate, i: number): number {
  const uniform = fractionOf(seedOf(RANKS, i), 0)
  const rank = Math.floor(20_000 * uniform * uniform)
  return choiceOf(seedOf(ADDRESSES, rank), 0, estate.addresses)
}

/** Any address, each as likely as another. */
export const uniformAddress = (estate: Estate, i: number): number => choiceOf(seedOf(COLD, i), 0, estate.addresses)
