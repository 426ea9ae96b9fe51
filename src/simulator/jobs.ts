import type { Random } from './random.ts'

export type Job = {
  readonly id: string
  readonly application: string
  readonly stack: string
  readonly detail: string
  readonly sequence: string
  readonly teamEmail: string
  readonly isService: boolean
}

export const createJobs = (random: Random): readonly Job[] =>
  JOBS.map(([application, stack, detail, teamEmail, isService], index) => ({
    id: uuid(random),
    application,
    stack,
    detail,
    sequence: `v${String(index + 1).padStart(3, '0')}`,
    teamEmail,
    isService,
  }))

const JOBS: readonly (readonly [string, string, string, string, boolean])[] = [
  ['playback', 'main', 'eu', 'playback@example.com', true],
  ['encoder', 'batch', 'hdr', 'media@example.com', false],
  ['thumbnails', 'main', 'web', 'media@example.com', true],
  ['ranker', 'main', 'canary', 'personalization@example.com', true],
  ['search', 'prod', 'index', 'search@example.com', true],
  ['billing', 'prod', 'ledger', 'payments@example.com', true],
  ['etl', 'nightly', 'plays', 'data@example.com', false],
  ['notebook', 'adhoc', 'gpu', 'research@example.com', false],
  ['gateway', 'edge', 'tv', 'edge@example.com', true],
  ['subtitles', 'batch', 'asr', 'media@example.com', false],
]

export function uuid(random: Random): string {
  const variant = random.pick(['8', '9', 'a', 'b'])
  return `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-${variant}${random.hex(3)}-${random.hex(12)}`
}
