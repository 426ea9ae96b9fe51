// npm run drill:changestream, drill:enricher: the faults that must be survived, more often and for longer than `npm test` has time for.
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { KAFKA_VERSION, prepareKafka } from './kafka.mjs'
import { install, root } from './prepare.mjs'

const DRILLS = {
  changestream: {
    tests: 'test/changestream/faults-',
    options: {},
    help: `npm run drill:changestream -- [--seed N] [--only TEXT] [--help]

Stops the broker and kills it (SIGKILL), kills and pauses processes, rebalances, repeats and reorders records, and lets retention delete what a
reader lacks, on a real Kafka broker and on the embedded log. After each the exported state and the answers to some
thousand questions must be those of an uninterrupted run, byte for byte. About ten minutes.
`,
  },
  enricher: {
    tests: 'test/enricher/faults-',
    options: { kills: { type: 'string' } },
    help: `npm run drill:enricher -- [--kills N] [--seed N] [--only TEXT] [--help]

Kills the enricher (SIGKILL) at N points, between its writes and at any time, and half as often while the change stream goes on; cuts the
connection of its store in the middle of statements; kills the broker that it reads. Each time it starts again, and in the end
every table must be that of an uninterrupted run, row for row. About ten minutes; no part takes more than 25.

  --kills N     kills in step with the change stream, 1 to 200 (30)
`,
  },
}
const COMMON = `
  --seed N      repeat the random choices of another run (it prints its seed); what processes do meanwhile is chance
  --only TEXT   run the tests whose names contain it: "kill -9"
  --help        this text

WHOHAD_TEST_KAFKA_VERSION takes another Kafka (3.9.1). A broker that is stopped, and segments that are deleted, need one that
was started with Java. Exit code 0: all faults were survived.
`

const [subject = '', ...rest] = process.argv.slice(2)
const drill = DRILLS[subject]
if (drill === undefined) {
  process.stderr.write(`which drill: ${Object.keys(DRILLS).join(' or ')}?\n`)
  process.exit(2)
}
const { values } = parseArgs({
  args: rest,
  options: { ...drill.options, seed: { type: 'string' }, only: { type: 'string' }, help: { type: 'boolean' } },
})
if (values.help) {
  process.stdout.write(drill.help + COMMON)
  process.exit(0)
}
const seed = values.seed ?? String(randomInt(1, 2 ** 31))
if (!/^\d{1,15}$/.test(seed)) {
  process.stderr.write(`--seed must be a whole number, not "${seed}"\n`)
  process.exit(2)
}
const kills = values.kills ?? '30'
if (!/^\d{1,3}$/.test(kills) || Number(kills) < 1 || Number(kills) > 200) {
  process.stderr.write(`--kills must be a whole number from 1 to 200, not "${kills}"\n`)
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
  drill.tests,
  '--no-file-parallelism',
  '--disable-console-intercept',
  '--reporter=verbose',
  ...only,
  '--reporter=json',
  `--outputFile.json=${counts}`,
]
const { status } = spawnSync(process.execPath, args, {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    WHOHAD_TEST_DRILL: 'full',
    WHOHAD_TEST_SEED: seed,
    WHOHAD_TEST_KILLS: kills,
    WHOHAD_TEST_DRILL_NOTES: notes,
    // Every process that a drill starts would say again how old this Node is.
    NODE_NO_WARNINGS: '1',
  },
})
const noted = existsSync(notes) ? readFileSync(notes, 'utf8') : ''
process.stdout.write(`\n${noted}`)
const passed = existsSync(counts) ? JSON.parse(readFileSync(counts, 'utf8')).numPassedTests : 0
const survived = status === 0 && passed > 0
const outcome = survived ? `${passed} tests, all faults were survived` : status === 0 ? 'nothing was tried' : 'failed'
const counted = ['kills', 'broker kills', 'cuts', 'restarts', 'rows compared'].flatMap(what => {
  const counts = [...noted.matchAll(new RegExp(`[,:;] (\\d+) ${what}\\b`, 'g'))].map(match => Number(match[1]))
  return counts.length === 0 ? [] : [`${counts.reduce((sum, count) => sum + count, 0)} ${what}`]
})
console.log(`Seed ${seed}: ${[...(subject === 'enricher' ? counted : []), outcome].join(', ')}`)
process.exitCode = survived ? 0 : status || 1
