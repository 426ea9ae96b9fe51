// npm run drill:changestream: the faults that the change stream must survive, more often and for longer than `npm test` has time for.
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { KAFKA_VERSION, prepareKafka } from './kafka.mjs'
import { install, root } from './prepare.mjs'

const HELP = `npm run drill:changestream -- [--seed N] [--only TEXT] [--help]

Stops the broker and kills it (SIGKILL), kills and pauses processes, rebalances, repeats and reorders records, and lets retention delete what a
reader lacks, on a real Kafka broker and on the embedded log. After each the exported state and the answers to some
thousand questions must be those of an uninterrupted run, byte for byte. About ten minutes.

  --seed N      repeat the random choices of another run (it prints its seed); what processes do meanwhile is chance
  --only TEXT   run the tests whose names contain it: "kill -9", "retention"
  --help        this text

WHOHAD_TEST_KAFKA_VERSION takes another Kafka (3.9.1). A broker that is stopped, and segments that are deleted, need one that
was started with Java. Exit code 0: all faults were survived.
`

const { values } = parseArgs({
  options: { seed: { type: 'string' }, only: { type: 'string' }, help: { type: 'boolean' } },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const seed = values.seed ?? String(randomInt(1, 2 ** 31))
if (!/^\d{1,15}$/.test(seed)) {
  process.stderr.write(`--seed must be a whole number, not "${seed}"\n`)
  process.exit(2)
}

install()
const prepared = await prepareKafka(line => console.error(line))
if (prepared.way !== 'java') {
  console.error(
    'The drill needs a broker that it can stop: install Java 17 and Maven, and leave WHOHAD_TEST_KAFKA unset.',
  )
  process.exit(1)
}
console.log(`Kafka ${KAFKA_VERSION}, seed ${seed}`)

const notes = join(root, '.cache/drill-notes.txt')
mkdirSync(join(root, '.cache'), { recursive: true })
const counts = join(root, '.cache/drill-counts.json')
for (const left of [notes, counts]) rmSync(left, { force: true })
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const only = values.only ? ['-t', values.only.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')] : []
const args = [
  vitest,
  'run',
  'test/changestream/faults-',
  '--no-file-parallelism',
  '--reporter=verbose',
  ...only,
  '--reporter=json',
  `--outputFile.json=${counts}`,
]
const { status } = spawnSync(process.execPath, args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, WHOHAD_TEST_DRILL: 'full', WHOHAD_TEST_SEED: seed, WHOHAD_TEST_DRILL_NOTES: notes },
})
if (existsSync(notes)) process.stdout.write(`\n${readFileSync(notes, 'utf8')}`)
const passed = existsSync(counts) ? JSON.parse(readFileSync(counts, 'utf8')).numPassedTests : 0
const survived = status === 0 && passed > 0
const outcome = survived ? `${passed} tests, all faults were survived` : status === 0 ? 'nothing was tried' : 'failed'
console.log(`Seed ${seed}: ${outcome}`)
process.exitCode = survived ? 0 : status || 1
