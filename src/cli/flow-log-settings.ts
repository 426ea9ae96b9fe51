import type { Static } from 'typebox'
import { isoTime } from '../api/time.ts'
import type { SettingsSchema } from './settings-schema.ts'

type Settings = Static<typeof SettingsSchema>
export type FlowLogSettings = Settings['flowLogs'][number]

/** Objects that end before are left out of listings; −Infinity where nobody says so. */
export const sinceMsOf = ({ since }: FlowLogSettings): number =>
  since === undefined ? Number.NEGATIVE_INFINITY : (isoTime(since) as number)

/** What the schema cannot say of the places that flow logs come from. */
export function* complaintsAboutFlowLogs({ flowLogs, kafka }: Pick<Settings, 'flowLogs' | 'kafka'>): Generator<string> {
  const known = new Set<string>()
  for (const { bucket, prefix, since, queueUrl, topic, topicGroup } of flowLogs) {
    const name = `flowLogs.${bucket}`
    if (since !== undefined && isoTime(since) === undefined)
      yield `${name}.since: "${since}" is not a time with its zone like 2026-11-20T14:05:00Z`
    if (since !== undefined && (queueUrl !== undefined || topic !== undefined))
      yield `${name}.since has no effect where the bucket is not listed, with ${name}.queueUrl or ${name}.topic`
    if (queueUrl !== undefined && topic !== undefined)
      yield `${name}: give one of queueUrl and topic; for both, make two entries of it with prefixes that do not overlap`
    if (topic !== undefined && kafka.brokers.length === 0) yield `${name}.topic needs kafka.brokers`
    if (topic !== undefined && topic === kafka.topic)
      yield `${name}.topic is the change stream's own (kafka.topic); names of objects need a topic of their own`
    const place = `${queueUrl ?? ''} ${topic === undefined ? '' : `${topic} ${topicGroup}`}`
    if (place.trim() !== '' && known.has(place))
      yield `${name}: two entries on one queue or topic would each pass over what is the other's; give each one of its own`
    known.add(place)
    if (known.has(`${bucket} ${prefix}`))
      yield `${name}: two entries have this bucket and prefix "${prefix}", and would do the same objects; leave one of them out`
    known.add(`${bucket} ${prefix}`)
  }
}
