import type { AnnotatorSetup } from '../enricher/batch/object-annotator.ts'
import type { AnnotateRun } from './annotate-run.ts'
import { domainRulesOf, reachesOf } from './domain-settings.ts'

/** Workers for so many inputs at a time. One of them would be no quicker than this thread, which starts sooner and takes no memory of its own: 0. */
export function workersFor({ jobs }: AnnotateRun['options'], objects: number): number {
  const threads = Math.min(jobs, objects)
  return threads > 1 ? threads : 0
}

/** What answers the run's objects in so many workers, or in this thread. */
export function annotatorSetupOf(run: AnnotateRun, workers = 0): AnnotatorSetup {
  const { claims, settings, options, slackMs, nowMs, atMs } = run
  return {
    standing: claims.index.standing(),
    rules: domainRulesOf(settings),
    reaches: reachesOf(settings),
    slackMs,
    nowMs,
    atMs,
    format: options.format,
    inflating: workers > 0 ? 'here' : 'beside',
  }
}
