import type { Millis } from '../ownership/window.ts'

/** An instant in a sentence: milliseconds only where they say something. */
export const utc = (ms: Millis): string =>
  Number.isFinite(ms) ? new Date(ms).toISOString().replace('.000Z', 'Z') : ms < 0 ? 'the beginning' : 'no end'
