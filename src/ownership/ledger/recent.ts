/** Keeps what was used last: at least `count` pairs, at most twice as many. */
export class Recent<K, V> {
  private young = new Map<K, V>()
  private old = new Map<K, V>()
  private readonly count: number

  constructor(count: number) {
    this.count = count
  }

  get(key: K): V | undefined {
    const value = this.young.get(key)
    if (value !== undefined || this.old.size === 0) return value
    const aged = this.old.get(key)
    if (aged !== undefined) this.set(key, aged)
    return aged
  }

  set(key: K, value: V): void {
    if (this.young.size >= this.count) {
      this.old = this.young
      this.young = new Map()
    }
    this.young.set(key, value)
  }
}
