import type { Admin, Kafka } from 'kafkajs'
import type { Change } from '../../ownership/claim.ts'
import type { KafkaReport } from '../report.ts'
import type { Cluster } from './client.ts'
import type { Patience } from './patience.ts'
import type { RecordDecoder } from './records.ts'

export type ReaderParts<T extends object = Change> = {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly cluster: Cluster
  readonly partitions: number
  readonly decoder: RecordDecoder<T>
  readonly report: KafkaReport
  readonly patience: Patience
}
