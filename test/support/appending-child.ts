// A child process of embedded-crash.test.ts: appends to the log in the given folder until it is killed or the disk is full.
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { claimOf, progressOf } from './changes.ts'

const [, , folder = '', segmentBytes = '32768'] = process.argv
const log = await openEmbeddedLog({
  folder,
  segmentBytes: Number(segmentBytes),
  clock: systemClock,
  onTornTail: () => {},
})
process.stdout.write('open\n')
for (let i = 0; ; i++) {
  try {
    await log.append([claimOf('ec2/a', 1, i), progressOf('ec2/a', 1, i)])
    process.stdout.write(`${i}\n`)
  } catch (error) {
    process.stdout.write(`${error instanceof Error && 'code' in error ? error.code : ''} ${error}\n`)
    break
  }
}
await log.close()
