// A child process of embedded-crash.test.ts: appends until the disk is full, tries twice more, waits for a line on stdin, and
// appends three more. Prints the number of each append that was acknowledged, and the code of each error.
import { once } from 'node:events'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { claimOf, progressOf } from './changes.ts'

const [, , folder = '', segmentBytes = ''] = process.argv
const options = { folder, segmentBytes: Number(segmentBytes), clock: systemClock, onTornTail: () => {} }
const log = await openEmbeddedLog(options)
let next = 0
async function append(): Promise<boolean> {
  const i = next++
  try {
    await log.append([claimOf('ec2/a', 1, i), progressOf('ec2/a', 1, i)])
    process.stdout.write(`${i}\n`)
    return true
  } catch (error) {
    process.stdout.write(`${error instanceof Error && 'code' in error ? error.code : error}\n`)
    return false
  }
}
process.stdout.write('open\n')
while (await append());
await append()
await append()
process.stdout.write('full\n')
await once(process.stdin, 'data')
for (let i = 0; i < 3; i++) await append()
await log.close()
process.stdin.destroy()
