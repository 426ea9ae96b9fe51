import type { Admin, Kafka } from 'kafkajs'
import { afterAll, beforeAll } from 'vitest'
import type { BrokerOptions, RunningKafka } from '../../scripts/kafka.mjs'
import { plainClient } from './faults.ts'
import { startKafkaForTests } from './kafka.ts'

export type KafkaWithAdmin = {
  readonly kafka: RunningKafka
  readonly admin: Admin
  /** Another client than ours, as any program has. */
  client(): Kafka
}

/** A broker and an admin client at it, for the tests of the `describe` that this is called in; there from `beforeAll` on. */
export function kafkaWithAdmin(options?: BrokerOptions): KafkaWithAdmin {
  let kafka: RunningKafka | undefined
  let admin: Admin | undefined
  const running = (): RunningKafka => {
    if (kafka === undefined) throw new Error('The broker runs only within the tests.')
    return kafka
  }
  const client = () => plainClient(running())
  beforeAll(async () => {
    kafka = await startKafkaForTests(options)
    admin = client().admin()
    await admin.connect()
  }, 180_000)
  afterAll(async () => {
    await admin?.disconnect()
    await kafka?.stop()
  })
  return {
    get kafka() {
      return running()
    },
    get admin() {
      if (admin === undefined) throw new Error('The admin client is there only within the tests.')
      return admin
    },
    client,
  }
}
