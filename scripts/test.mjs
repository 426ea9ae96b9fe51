// npm test: set up what is missing, then run everything that can be tested on this machine. Arguments go on to Vitest:
//   npm test -- test/ownership
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { build, install, root } from './prepare.mjs'

const only = process.argv.slice(2)
const areTested = (...words) => only.length === 0 || only.some(argument => words.some(word => argument.includes(word)))
const servers = [...(areTested('kafka') ? ['kafka'] : []), ...(areTested('ec2', 'moto') ? ['moto'] : [])]

/** In a process of its own: installing and building hold this one. */
const fetching = () =>
  spawn(process.execPath, [join(root, 'scripts/fetch-servers.mjs'), ...servers], { stdio: 'inherit' })
const areFetched = servers.length > 0 ? once(fetching(), 'exit') : undefined
install()
build()
await areFetched

const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const { status } = spawnSync(process.execPath, [vitest, 'run', ...only], { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1
