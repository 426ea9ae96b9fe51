import type { GenerationColumns } from '../../src/ownership/generation/generation.ts'

export type Sizes = {
  /** All that a look-up reads, `named` left out. */
  readonly lookUpBytes: number
  /** Which claim a row is, and its last sighting: read for people only. */
  readonly namedBytes: number
  /** Interned owners, and what else claims say apart from when. */
  readonly factBytes: number
  readonly segments: number
}

export const sizesOf = ({ base, facts }: GenerationColumns): Sizes => ({
  lookUpBytes: bytesOf(base.map(({ named: _, ...rest }) => rest)),
  namedBytes: bytesOf(base.map(({ named }) => named)),
  factBytes: bytesOf(facts),
  segments: base.length,
})

/** Bytes of all columns in a value. */
export function bytesOf(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce((bytes: number, field) => bytes + bytesOf(field), 0)
}
