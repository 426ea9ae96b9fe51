/** Lets any number of waiters sleep until something has changed. Check the condition and wait without an await between. */
export class Wakeup {
  private waiting: (() => void)[] = []

  wake(): void {
    const woken = this.waiting
    this.waiting = []
    for (const resume of woken) resume()
  }

  /** Resolves at the next `wake`, or once the signal is aborted. */
  wait(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    return new Promise(resolve => {
      const resume = () => {
        signal?.removeEventListener('abort', resume)
        resolve()
      }
      this.waiting.push(resume)
      signal?.addEventListener('abort', resume, { once: true })
    })
  }
}
