import { reasonOf, WhohadError } from '../runtime/errors.ts'

export type Finding = {
  readonly check: string
  /** A source, or a part of whohad. */
  readonly about: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  readonly mend: string | null
  /** Only where it failed because something did not answer. */
  readonly unreachable?: true
}

/** One thing to look at, which takes time. What it throws is a finding too. */
export type Examination = {
  readonly check: string
  readonly about: string
  examine(signal: AbortSignal): Promise<readonly Finding[]>
}

type About = Pick<Finding, 'check' | 'about'>

export const ok = (about: About, detail: string): Finding => ({ ...pick(about), status: 'ok', detail, mend: null })
export const warn = (about: About, detail: string, mend: string): Finding => ({
  ...pick(about),
  status: 'warn',
  detail,
  mend,
})
export const fail = (about: About, detail: string, mend: string): Finding => ({
  ...pick(about),
  status: 'fail',
  detail,
  mend,
})

const pick = ({ check, about }: About): About => ({ check, about })

/** What was thrown, as a finding. Our own errors say themselves how they are mended. */
export function failed(about: About, error: unknown, mend?: string): Finding {
  if (!(error instanceof WhohadError))
    return fail(about, reasonOf(error), mend ?? 'whohad does not know this failure: report it with what is found here.')
  const detail = `${error.code}: ${error.message}`
  const found = fail(about, detail, mend ?? `As it says; docs/errors.md has more about ${error.code}.`)
  return error.kind === 'unreachable' ? { ...found, unreachable: true } : found
}

/**
 * All side by side, each for so long at most; one that has not answered then is a finding. Where `signal` is given, those that are
 * not over yet are left out.
 */
export async function examineAll(
  examinations: readonly Examination[],
  limitMs: number,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const all = await Promise.all(examinations.map(examination => withinLimit(examination, limitMs, signal)))
  return all.flat()
}

async function withinLimit(
  examination: Examination,
  limitMs: number,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const limit = new AbortController()
  // Not AbortSignal.timeout: its timer keeps no process alive, and neither may what hangs.
  const timer = setTimeout(() => limit.abort(), limitMs)
  const stop = AbortSignal.any([signal, limit.signal])
  const stopped = new Promise<never>((_resolve, reject) => {
    if (stop.aborted) reject(stop.reason)
    stop.addEventListener('abort', () => reject(stop.reason), { once: true })
  })
  try {
    return await Promise.race([examination.examine(stop), stopped])
  } catch (error) {
    if (signal.aborted) return []
    if (!limit.signal.aborted) return [failed(examination, error)]
    const detail = `no answer within ${limitMs / 1000} s`
    const mend = 'See that it runs and that no firewall drops what is sent to it; --timeout waits longer.'
    return [{ ...fail(examination, detail, mend), unreachable: true }]
  } finally {
    clearTimeout(timer)
  }
}
