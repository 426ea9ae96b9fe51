import type { Millis } from '../ownership/window.ts'
import { isoTimeOf } from './iso-time.ts'

/** An instant in a sentence: milliseconds only where they say something. */
export const utc = (ms: Millis): string =>
  Number.isFinite(ms) ? isoTimeOf(ms).replace('.000Z', 'Z') : ms < 0 ? 'the beginning' : 'no end'
