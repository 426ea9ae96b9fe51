// Fetches the servers of other authors that tests talk to, where they are not there yet: broker, moto, or both. Built-in modules only, so
// that it can run beside the installation.
import { prepareKafka } from './kafka.mjs'
import { prepareMoto } from './moto.mjs'

const say = line => console.error(line)
const fetching = {
  // The first fetch of a broker takes longer than a test may.
  kafka: () =>
    prepareKafka(say).catch(error => {
      say(`No Kafka broker could be prepared: ${error.message}`)
    }),
  // Nor is moto fetched within a test. Where it cannot be, its tests say why.
  moto: () => prepareMoto(say).catch(() => {}),
}
await Promise.all(process.argv.slice(2).map(name => fetching[name]()))
