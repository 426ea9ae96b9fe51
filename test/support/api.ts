import { fileURLToPath } from 'node:url'
import { EVERY_CALLER_READS_EVERY_DOMAIN } from '../../src/api/access.ts'
import { type ApiDeps, buildApi } from '../../src/api/build-api.ts'
import type { Question } from '../../src/ownership/answer.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { answers, EXAMPLE_MS, sourceView } from './answers.ts'
import { memoryLog } from './enricher-bench.ts'

export const NOW_MS = EXAMPLE_MS + 86_400_000

/** Two VPCs that both have 10.1.0.0/16, one more space that only `prod` has, and the internet. */
const SOURCES = [
  sourceView('ec2/123456789012/us-east-1', [
    ['prod', '10.1.0.0/16'],
    ['prod', '10.9.0.0/16'],
    ['inet.0', '0.0.0.0/0'],
  ]),
  sourceView('ec2/210987654321/us-east-1', [['lab', '10.1.0.0/16']]),
]

/** The API over a stub index: everything but the claims is what production runs. `asked` keeps the questions. */
export async function testApi(over: Partial<ApiDeps> = {}) {
  const asked: Question[] = []
  const failures: unknown[] = []
  const done: { route: string; status: number }[] = []
  const app = await buildApi({
    ask: question => {
      asked.push(question)
      return answers.owned(question)
    },
    knowAsOf: async () =>
      Object.assign(createOwnershipIndex(), {
        ask(question: Question) {
          asked.push(question)
          return answers.owned(question)
        },
      }),
    refuseWhileReplaying: () => {},
    generation: () => createOwnershipIndex().generation(),
    access: EVERY_CALLER_READS_EVERY_DOMAIN,
    index: Object.assign(createOwnershipIndex(), { sources: () => SOURCES }),
    log: memoryLog(),
    store: { traffic: async () => [], captureGaps: async () => [] },
    clock: { now: () => NOW_MS, sleep: systemClock.sleep },
    ready: async () => ({
      ready: true,
      now: new Date(0).toISOString(),
      checks: [{ name: 'change stream', ok: true, detail: 'read to its end' }],
      sources: [],
    }),
    metricsText: async () => '# HELP whohad_up 1 while running\n# TYPE whohad_up gauge\nwhohad_up 1\n',
    version: '0.0.0-test',
    webFolder: fileURLToPath(new URL('../../web', import.meta.url)),
    loopbackOnly: true,
    report: {
      requestDone: ({ route, status }) => done.push({ route, status }),
      requestFailed: failure => failures.push(failure),
      answerThreadDied: death => failures.push(death),
    },
    ...over,
  })
  return { app, asked, failures, done }
}
