import { HOW_TO_GET_ONE, prepareKafka, type RunningKafka, startKafka } from '../../scripts/kafka.mjs'
import { requireService } from './services.ts'

const prepared = await prepareKafka(text => process.stderr.write(`${text}\n`))

/** Whether a real broker can be had here; where not, the tests that need one are skipped by name. */
export const hasKafka = requireService(
  'Kafka',
  prepared.way !== 'none',
  prepared.way === 'none' ? `${prepared.why}. ${HOW_TO_GET_ONE}` : '',
)

/** One broker for a test file; stop it in `afterAll`. */
export const startKafkaForTests = (): Promise<RunningKafka> => startKafka(prepared)
