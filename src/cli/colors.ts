import { createColors } from 'picocolors'

type Stream = { readonly isTTY?: boolean }

/**
 * Whether what goes to `stream` is coloured: NO_COLOR (https://no-color.org) forbids it, FORCE_COLOR asks for it also in a pipe
 * (0 forbids), and else a terminal that can do it gets it.
 */
export function wantsColors(stream: Stream): boolean {
  const { NO_COLOR: forbidden, FORCE_COLOR: forced, TERM: terminal } = process.env
  if (forbidden) return false
  if (forced) return forced !== '0'
  return stream.isTTY === true && terminal !== 'dumb'
}

/** For standard output. */
export const colors = createColors(wantsColors(process.stdout))
