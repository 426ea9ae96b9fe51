/** What may go wrong, each drawn by itself for every request. All may be changed while the cloud runs. */
export type Faults = {
  /** EC2 answers 503 RequestLimitExceeded. */
  throttleProbability: number
  /** EC2 answers 500 InternalError to a page after the first. */
  pageErrorProbability: number
  /** EC2 takes `slowPageMs` for a page. */
  slowPageProbability: number
  slowPageMs: number
  /** Titus answers 503. */
  titusErrorProbability: number
  /** S3 answers 503 SlowDown. */
  s3ErrorProbability: number
}

export const defaultFaults: Readonly<Faults> = {
  throttleProbability: 0.01,
  pageErrorProbability: 0,
  slowPageProbability: 0,
  slowPageMs: 5_000,
  titusErrorProbability: 0,
  s3ErrorProbability: 0,
}
