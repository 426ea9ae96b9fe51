// npm start: set up what is missing, then run whohad with a simulated cloud. Arguments go on: npm start -- --seed 7
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build, install, root } from './prepare.mjs'

install()
build()

const whohad = spawn(process.execPath, [join(root, 'bin/whohad.cjs'), 'demo', ...process.argv.slice(2)], {
  stdio: 'inherit',
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => whohad.kill(signal))
whohad.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0)
})
