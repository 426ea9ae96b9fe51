/** What happens in the store, for whoever logs and counts it. */
export type StoreReport = {
  /** The store answers. `where` is the folder, or the URL without credentials. */
  opened(d: { readonly driver: 'chdb' | 'server'; readonly where: string }): void
  /** Statements of the embedded engine hold threads that DNS, files and gzip need too (UV_THREADPOOL_SIZE). */
  threadPoolSmall(d: { readonly threads: number; readonly wanted: number }): void
  migrationApplied(d: { readonly file: string }): void
  /** One statement's worth of rows, counted by us: the embedded engine reports zero for every insert. */
  inserted(d: { readonly table: string; readonly rows: number; readonly bytes: number; readonly tookMs: number }): void
  /** A statement failed in a way that a later try can pass, and is tried again. */
  statementRetried(d: { readonly statement: string; readonly reason: string }): void
}
