import type { Brief } from '../bulk/brief.ts'

const MOST_NAMES = 3

/**
 * What is written behind an address, without a space, so that the columns of a table stay as many as they were: `{checkout}`
 * for its owner, `{?checkout|search:handoff}` for who may have had it and why nobody can say, `{?not-yet}` where nobody is
 * named, `{-unowned}`, `{~internet}` and `{~S3}`. Names have no sign at their front.
 */
export function labelOf(brief: Brief): string {
  switch (brief.state) {
    case 'owned':
      return `{${clean(brief.application ?? brief.resourceId ?? '')}}`
    case 'ambiguous':
    case 'unknown': {
      const names = brief.candidates
        .filter(name => name !== 'nobody')
        .slice(0, MOST_NAMES)
        .map(clean)
      return names.length === 0 ? `{?${brief.reason}}` : `{?${names.join('|')}:${brief.reason}}`
    }
    case 'unowned':
      return '{-unowned}'
    case 'external':
      return `{~${clean(brief.service ?? 'internet')}}`
  }
}

/** Where the address is private and no domain was named. */
export const DOMAIN_NEEDED = '{?domain-needed}'

/** Names come from tags: nothing that would part columns, steer a terminal or close the braces. */
const clean = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9._/@+=:-]/g, '_')
    .replace(/^-/, '_')
    .slice(0, 100)
