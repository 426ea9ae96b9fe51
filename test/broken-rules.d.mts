export type BrokenRule = {
  readonly rule: string
  readonly file: string
  readonly from: string
  readonly to: string
  /** The file and the whole name, or the end of it, of the test that has to fail. */
  readonly test: string
  readonly name: string
}

export const brokenRules: readonly BrokenRule[]
