// Run by startChild: opens the store in the folder given and writes objects until it is killed. It says "open", then the
// id of each object once the store has acknowledged its flows and its manifest.
import { openStore } from '../../src/store/open-store.ts'
import { flow, manifest, recordedReport, testClock } from './clickhouse-rows.ts'

const [path = '', holdOnly] = process.argv.slice(2)
const store = await openStore({ driver: 'chdb', path }, { clock: testClock, report: recordedReport().report })
await store.migrate()
process.stdout.write('open\n')
setInterval(() => undefined, 1_000) // Stays until it is killed.
for (let i = 0; holdOnly === undefined; i++) {
  const objectId = `object-${i}`
  await store.insertFlows(Array.from({ length: 500 }, (_, record) => flow({ objectId, record: record + 1 })))
  await store.putObject(manifest({ objectId, state: 'committed', records: 500 }))
  process.stdout.write(`${objectId}\n`)
}
