import {
  type BrokerOptions,
  HOW_TO_GET_ONE,
  prepareKafka,
  type RunningKafka,
  startKafka,
} from '../../scripts/kafka.mjs'
import type { KafkaFault, KafkaReport, TopicDoubt } from '../../src/changestream/report.ts'
import { requireService } from './services.ts'

const prepared = await prepareKafka(text => process.stderr.write(`${text}\n`))

/** Whether a real broker can be had here; where not, the tests that need one are skipped by name. */
export const hasKafka = requireService(
  'Kafka',
  prepared.way !== 'none',
  prepared.way === 'none' ? `${prepared.why}. ${HOW_TO_GET_ONE}` : '',
)

/** Whether it can be started with options: listeners, settings, a proxy before it. A function: only who asks is told. */
export const hasKafkaWithOptions = (): boolean =>
  requireService('Kafka with listeners of its own', prepared.way === 'java', 'install Java 17 and Maven')

/** One broker for a test file; stop it in `afterAll`. */
export const startKafkaForTests = (options?: BrokerOptions): Promise<RunningKafka> =>
  startKafka(prepared, () => {}, options)

/** A report that keeps what it was told. */
export function keptReport() {
  const said: unknown[] = []
  const faults: { readonly fault: KafkaFault; readonly detail: string }[] = []
  const restarts: string[] = []
  const doubts: TopicDoubt[] = []
  const report: KafkaReport = {
    kafkaClientSaid: d => said.push(d),
    kafkaReaderRestarted: d => restarts.push(d.reason),
    kafkaFault: d => faults.push(d),
    kafkaTopicDoubtful: d => doubts.push(d),
  }
  return { report, said, faults, restarts, doubts, faultNames: () => faults.map(({ fault }) => fault) }
}
