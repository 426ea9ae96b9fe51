/** Lets at most `width` tasks run at once; the others wait in order of arrival. */
export type Gate = {
  run<T>(task: () => Promise<T>): Promise<T>
  /** Resolves once nothing runs and nothing waits. */
  idle(): Promise<void>
}

export function createGate(width: number): Gate {
  let running = 0
  const waiting: (() => void)[] = []
  const idlers: (() => void)[] = []

  const leave = () => {
    const next = waiting.shift()
    if (next !== undefined) return next() // The place is handed on, so nobody can slip in between.
    running--
    if (running === 0) for (const idler of idlers.splice(0)) idler()
  }
  return {
    async run(task) {
      if (running < width) running++
      else await new Promise<void>(resolve => waiting.push(resolve))
      try {
        return await task()
      } finally {
        leave()
      }
    },
    idle: () => (running === 0 ? Promise.resolve() : new Promise(resolve => idlers.push(resolve))),
  }
}
