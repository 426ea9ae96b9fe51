import { setFlagsFromString } from 'node:v8'

/** How much of what lived on at the last collection may come new before all of a heap is looked through again. */
const PERCENT = 400

/**
 * Lets the heaps of all threads of this process grow to five times of what lives in them before V8 marks all that is there, up to the limit
 * that they have anyway. For threads that hold little and read large objects: V8 counts the bytes of these as well, so that by
 * its own measure it marks all of such a small heap for each object, and throws away half-compiled code with it. What is let go of
 * young is still collected young. Not for a process whose heap is large: what that may grow to is a multiple of it.
 */
export function letHeapsGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${PERCENT}`)
}
