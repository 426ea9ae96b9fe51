import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import type { PollReport } from './report.ts'

type Search = {
  readonly wake: () => void
  readonly sinceMs: Millis
  /** Those that have not been listed whole since. */
  readonly left: Set<string>
}

/**
 * Titus does not say where its interfaces are; what the EC2 pollers of this process found does. A Titus poll that is refused for
 * an interface that they have not seen makes each of them poll, once; and the first complete poll of each that began
 * after the refusal makes Titus poll again. That is all until a Titus poll is complete: an interface of an account that
 * nobody polls never comes, and costs no more than this.
 */
export class InterfaceSearch {
  private readonly placers = new Map<string, () => void>()
  private readonly searches = new Map<string, Search>()
  private readonly clock: Clock
  private readonly settled: () => Promise<void>

  /** `settled` resolves once what was published by now can be looked up. */
  constructor(clock: Clock, settled: () => Promise<void>) {
    this.clock = clock
    this.settled = settled
  }

  /** The report of a source that shows interfaces. `wake` makes it poll as soon as it may. */
  placing<Report extends PollReport>(source: string, wake: () => void, report: Report): Report {
    this.placers.set(source, wake)
    return {
      ...report,
      pollCompleted: (d: Parameters<PollReport['pollCompleted']>[0]) => {
        report.pollCompleted(d)
        this.placed(source, this.clock.now() - d.tookMs)
      },
    }
  }

  /** The report of a source that has to know where interfaces are. */
  seeking<Report extends PollReport>(source: string, wake: () => void, report: Report): Report {
    return {
      ...report,
      pollCompleted: (d: Parameters<PollReport['pollCompleted']>[0]) => {
        this.searches.delete(source)
        report.pollCompleted(d)
      },
      pollRefused: (d: Parameters<PollReport['pollRefused']>[0]) => {
        report.pollRefused(d)
        if (d.reason === 'unplaced-interface') this.seek(source, wake)
      },
    }
  }

  private seek(source: string, wake: () => void): void {
    if (this.searches.has(source)) return
    this.searches.set(source, { wake, sinceMs: this.clock.now(), left: new Set(this.placers.keys()) })
    for (const wakePlacer of this.placers.values()) wakePlacer()
  }

  private placed(placer: string, begunAtMs: Millis): void {
    // Where the stream cannot be followed any more the process ends by that, and one poll more does no harm.
    for (const { wake, sinceMs, left } of this.searches.values())
      if (begunAtMs >= sinceMs && left.delete(placer)) void this.settled().then(wake, wake)
  }
}
