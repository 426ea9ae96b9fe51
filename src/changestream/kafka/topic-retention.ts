import { type Complaint, set } from './topic-complaint.ts'
import { FOR_EVER, RETENTION_MARGIN_MS, type TopicSettings } from './topic-settings.ts'

type Config = ReadonlyMap<string, string>

const DAY_MS = 24 * 3600 * 1000

/** What the broker deletes on its own though it should not, one complaint for each setting. */
export function aboutRetention(settings: TopicSettings, config: Config): readonly Complaint[] {
  const doubts = [...aboutWhatIsConfigured(settings, config)]
  const told = new Set(doubts.map(({ setting }) => setting))
  return [...doubts, ...[...aboutHorizons(settings, config)].filter(({ setting }) => !told.has(setting))]
}

function* aboutWhatIsConfigured(settings: TopicSettings, config: Config): Generator<Complaint> {
  const limits = [
    ['retention.ms', settings.retentionMs ?? FOR_EVER, 'kafka.retentionSeconds'],
    ['retention.bytes', settings.retentionBytes ?? FOR_EVER, 'kafka.retentionBytes'],
  ] as const
  for (const [setting, wanted, key] of limits) {
    const is = Number(config.get(setting) ?? FOR_EVER)
    if (is === FOR_EVER || (wanted !== FOR_EVER && is >= wanted)) continue
    yield {
      setting,
      is: String(is),
      wanted: `${wanted === FOR_EVER ? '-1 (for ever)' : wanted}, as ${key} says: older records go, and a reader that starts anew has the store only`,
      mend: `Set it with ${set(settings.topic, `${setting}=${wanted}`)}, or set ${key} to what the topic has.`,
    }
  }
}

/**
 * The broker deletes by age alone: an open claim goes with the rest, and no answer says `expired`. Only what whohad lets go of
 * itself has a horizon, and leaves behind what is still needed.
 */
function* aboutHorizons({ topic, historyMs }: TopicSettings, config: Config): Generator<Complaint> {
  const ms = Number(config.get('retention.ms') ?? FOR_EVER)
  const forEver = `Set it with ${set(topic, 'retention.ms=-1')}`
  if (ms !== FOR_EVER && historyMs === undefined) {
    const days = Math.floor((ms - RETENTION_MARGIN_MS) / DAY_MS)
    yield {
      setting: 'retention.ms',
      is: String(ms),
      wanted: '-1 (for ever), as retention.days is not set: claims that are still open go by their age like all others',
      mend:
        days > 0
          ? `${forEver}, or let whohad keep what is needed: set retention.days to ${days} at most.`
          : `${forEver}.`,
    }
  }
  if (ms !== FOR_EVER && historyMs !== undefined && ms < historyMs + RETENTION_MARGIN_MS) {
    yield {
      setting: 'retention.ms',
      is: String(ms),
      wanted: `-1 (for ever), or at least ${historyMs + RETENTION_MARGIN_MS}, two days more than retention.days: else the broker removes what whohad has not kept yet`,
      mend: `${forEver}, or lower retention.days.`,
    }
  }
  const bytes = Number(config.get('retention.bytes') ?? FOR_EVER)
  if (bytes === FOR_EVER) return
  yield {
    setting: 'retention.bytes',
    is: String(bytes),
    wanted: '-1 (no limit): a partition that grows beyond it loses claims that are still open, and no answer says so',
    mend: `Set it with ${set(topic, 'retention.bytes=-1')}, and retention.days to as long as there is room for.`,
  }
}
