/** How often something was timed, and how it came out; nanoseconds for each of the things that a round does. */
export type Figure = {
  /** Best round, wall time. */
  readonly ns: number
  readonly medianNs: number
  /** Slowest round over the fastest. */
  readonly spread: number
  /** Processor time of the cheapest round, all threads of the process together: what a busy machine changes least. */
  readonly cpuNs: number
  readonly rounds: number
}

export type Plan = {
  /** As many as there is time for, and one at least. */
  readonly rounds: number
  readonly isLate: () => boolean
}

/** Something to be timed: it does `count` things, and throws where they come out wrong. */
export type Work = { readonly count: number; readonly run: () => void | Promise<void> }

export async function timeRounds(plan: Plan, work: Work): Promise<Figure> {
  return (await timeInTurn(plan, { work })).work
}

/**
 * Each a first time for nothing (V8 compiles what is used often, memory is touched), then all in turn, round by round: what
 * is compared with one another meets the same minutes of a machine that others use as well.
 */
export async function timeInTurn<Name extends string>(
  plan: Plan,
  works: Readonly<Record<Name, Work>>,
): Promise<Record<Name, Figure>> {
  const named = Object.entries(works) as [Name, Work][]
  for (const [, { run }] of named) await run()
  const taken = named.map((): Round[] => [])
  for (let round = 0; round < plan.rounds && (round === 0 || !plan.isLate()); round++) {
    for (const [i, [, work]] of named.entries()) taken[i]?.push(await timed(work))
  }
  const figures = named.map(([name, { count }], i) => [name, figureOf(taken[i] ?? [], count)])
  return Object.fromEntries(figures) as Record<Name, Figure>
}

type Round = { readonly wallMs: number; readonly cpuMs: number }

async function timed({ run }: Work): Promise<Round> {
  const before = process.cpuUsage()
  const startedMs = performance.now()
  // Most are done when they return; a promise would only add a turn of the event loop.
  const running = run()
  if (running) await running
  const wallMs = performance.now() - startedMs
  const { user, system } = process.cpuUsage(before)
  return { wallMs, cpuMs: (user + system) / 1000 }
}

function figureOf(taken: readonly Round[], count: number): Figure {
  const perThing = (milliseconds: number): number => (milliseconds * 1e6) / count
  const walls = taken.map(({ wallMs }) => wallMs).sort((a, b) => a - b)
  const [fastest = Number.NaN] = walls
  return {
    ns: perThing(fastest),
    medianNs: perThing(walls[Math.floor(walls.length / 2)] ?? Number.NaN),
    spread: (walls.at(-1) ?? Number.NaN) / fastest,
    cpuNs: perThing(Math.min(...taken.map(({ cpuMs }) => cpuMs))),
    rounds: taken.length,
  }
}
