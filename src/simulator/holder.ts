/** Who really held an address: the holder of the top layer. Of an address that several share it names none of them. */
export type Holder = {
  readonly application: string | null
  /** Instance id, task id or ENI id; `shared eni-…` where any of the containers on that interface may send. */
  readonly resourceId: string
  readonly layer: 'interface' | 'instance' | 'container'
}
