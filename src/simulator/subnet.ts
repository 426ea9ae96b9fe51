import type { Random } from './random.ts'

export type Subnet = {
  readonly id: string
  readonly vpc: string
  readonly vpcName: string
  readonly cidr: string
  readonly cidr6: string
  readonly zone: string
  readonly zoneId: string
  readonly pool: AddressPool
  readonly pool6: AddressPool
}

/** Free addresses of a subnet. Released ones are handed out again, the latest first more often than not. */
export class AddressPool {
  readonly #random: Random
  readonly #fresh: (index: number) => string
  #handedOut = 0
  readonly #released: string[] = []

  constructor(random: Random, fresh: (index: number) => string) {
    this.#random = random
    this.#fresh = fresh
  }

  take(): string {
    const released = this.#released
    if (released.length === 0 || (released.length < 4 && this.#random.chance(0.2)))
      return this.#fresh(this.#handedOut++)
    const index = this.#random.chance(0.6) ? released.length - 1 : this.#random.integer(0, released.length)
    return released.splice(index, 1)[0] as string
  }

  /** One that is not `other`. */
  takeOther(other: string): string {
    const ip = this.take()
    if (ip !== other) return ip
    const another = this.takeOther(other)
    this.release(ip)
    return another
  }

  release(ip: string): void {
    this.#released.push(ip)
  }
}
