/** Who really held an address: the holder of the top layer. */
export type Holder = {
  readonly application: string | null
  /** Instance id, task id or ENI id. */
  readonly resourceId: string
  readonly layer: 'interface' | 'instance' | 'container'
}
