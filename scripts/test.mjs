// npm test: set up what is missing, then run everything that can be tested on this machine. Arguments go on to Vitest:
//   npm test -- test/ownership
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { prepareKafka } from './kafka.mjs'
import { prepareMoto } from './moto.mjs'
import { build, install, root } from './prepare.mjs'

install()
build()

const only = process.argv.slice(2)
if (only.length === 0 || only.some(argument => argument.includes('kafka'))) {
  // The first fetch of a broker takes longer than a test may.
  await prepareKafka(line => console.error(line)).catch(error => {
    console.error(`No Kafka broker could be prepared: ${error.message}`)
  })
}

if (only.length === 0 || only.some(argument => argument.includes('ec2') || argument.includes('moto'))) {
  // Nor is moto fetched within a test. Where it cannot be, its tests say why.
  await prepareMoto(line => console.error(line)).catch(() => {})
}

const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const { status } = spawnSync(process.execPath, [vitest, 'run', ...only], { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1
