// npm run fuzz:flowlogs -- [arguments]: broken lines and files through the readers of flow logs.
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { install, root, run } from './prepare.mjs'

const HELP = `npm run fuzz:flowlogs -- [--lines N] [--files N] [--seed N] [--help]

Sends mutated lines through the two text readers, which must say the same of each, and mutated files (gzip, Zstandard, CloudWatch's envelope,
Parquet) through their readers, which must end without a crash. The last line is one JSON object with counts.

  --lines N   how many lines; default 1000000
  --files N   how many files; default 10000, half of them Parquet
  --seed N    repeats another run, which prints its seed
  --help      this text

Exit code 0: no crash and no difference; 1: the input that made one is printed.
`

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '1000000' },
    files: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    help: { type: 'boolean' },
  },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const seed = values.seed ?? String(randomInt(1, 2 ** 31))
for (const [name, value] of Object.entries({ lines: values.lines, files: values.files, seed })) {
  if (/^\d{1,12}$/.test(value)) continue
  process.stderr.write(`--${name} must be a whole number, not "${value}"\n`)
  process.exit(2)
}

install()
console.error(`Seed ${seed}`)
const loader = new URL('../bench/typescript.mjs', import.meta.url).href
const script = join(root, 'test/support/fuzz-flow-logs.ts')
const numbers = ['--lines', values.lines, '--files', values.files, '--seed', seed]
run(process.execPath, ['--import', loader, script, ...numbers])
