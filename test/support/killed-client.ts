import kafkajs, { type Admin, type Producer } from 'kafkajs'
import { vi } from 'vitest'

/** Counts what clients of this process change on the broker, and kills them, in effect, before one of these steps. */
export function killableClients() {
  let steps = 0
  let killedBefore = Number.POSITIVE_INFINITY
  const changing = <T extends object>(client: T, names: readonly string[]): T => {
    const methods = client as Record<string, (...args: unknown[]) => Promise<unknown>>
    for (const name of names) {
      const real = methods[name]
      methods[name] = async (...args) => {
        if (++steps > killedBefore) throw new Error(`killed before step ${killedBefore + 1}, ${name}`)
        return real?.(...args)
      }
    }
    return client
  }
  const { admin, producer } = kafkajs.Kafka.prototype
  const spies = [
    vi.spyOn(kafkajs.Kafka.prototype, 'admin').mockImplementation(function (this: kafkajs.Kafka, options): Admin {
      return changing(admin.call(this, options), ['createTopics', 'deleteTopicRecords'])
    }),
    vi.spyOn(kafkajs.Kafka.prototype, 'producer').mockImplementation(function (this: kafkajs.Kafka, options): Producer {
      return changing(producer.call(this, options), ['send'])
    }),
  ]
  return {
    /** From now on so many more steps are taken. */
    killAfter(more: number) {
      steps = 0
      killedBefore = more
    },
    /** Back to life: another process. Returns how many steps were taken or tried since. */
    revive(): number {
      killedBefore = Number.POSITIVE_INFINITY
      return steps
    },
    restore() {
      for (const spy of spies) spy.mockRestore()
    },
  }
}
