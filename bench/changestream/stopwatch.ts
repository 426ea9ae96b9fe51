/** Adds up the wall time and the processor time (all threads of the process) of what it is given to do. */
export class Stopwatch {
  wallSeconds = 0
  cpuSeconds = 0

  async time<T>(work: () => T | Promise<T>): Promise<T> {
    const startedMs = performance.now()
    const before = process.cpuUsage()
    try {
      return await work()
    } finally {
      const { user, system } = process.cpuUsage(before)
      this.wallSeconds += (performance.now() - startedMs) / 1000
      this.cpuSeconds += (user + system) / 1e6
    }
  }
}
