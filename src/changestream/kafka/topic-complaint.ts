import type { TopicDoubt } from '../report.ts'

/** What is wrong with a setting, and how to mend it. */
export type Complaint = Omit<TopicDoubt, 'topic'>

/** The command that gives a topic a setting. */
export const set = (topic: string, setting: string): string =>
  `kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`
