/** Adds up the wall time and the processor time (all threads of the process) of what it is given to do. */
export class Stopwatch {
  wallSeconds = 0
  cpuSeconds = 0

  time<T>(work: () => T): T {
    const stop = this.start()
    try {
      return work()
    } finally {
      stop()
    }
  }

  async timeUntilDone<T>(work: () => Promise<T>): Promise<T> {
    const stop = this.start()
    try {
      return await work()
    } finally {
      stop()
    }
  }

  private start(): () => void {
    const before = process.cpuUsage()
    const startedMs = performance.now()
    return () => {
      this.wallSeconds += (performance.now() - startedMs) / 1000
      const { user, system } = process.cpuUsage(before)
      this.cpuSeconds += (user + system) / 1e6
    }
  }
}
