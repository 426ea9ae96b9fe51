import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { polledStory, STORY_START_MS } from '../support/polled-story.ts'
import { retainedState } from '../support/retained-state.ts'

const POLLS = 40
const KILLS = 3
const path = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url))

let folder: string
let child: ChildProcess | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whohad-retaining-'))
})
afterEach(async () => {
  child?.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

/** Runs the child until it has said so many lines and `delayMs` are over, and kills it then; or to its end. */
async function run(inFolder: string, kill?: { readonly lines: number; readonly delayMs: number }): Promise<string> {
  const running = spawn(
    process.execPath,
    ['--import', path('typescript-hooks.mjs'), path('retaining-child.ts'), inFolder, String(POLLS)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  child = running
  let said = ''
  let isDying = false
  running.stdout.on('data', chunk => {
    said += chunk
    if (!kill || isDying || said.split('\n').length <= kill.lines) return
    isDying = true
    setTimeout(() => running.kill('SIGKILL'), kill.delayMs)
  })
  await new Promise(resolve => running.once('close', resolve))
  return said
}

const open = (inFolder: string) =>
  openEmbeddedLog({
    folder: inFolder,
    segmentBytes: 1 << 20,
    clock: new ManualClock(STORY_START_MS),
    onTornTail: () => {},
  })

test(`kill -9 at ${KILLS} random moments of a log that lets go of history: it ends as one that was told in one go and kept all`, async () => {
  const kept = join(folder, 'kept')
  let retained = 0
  for (let i = 0; i < KILLS; i++) {
    const said = await run(kept, { lines: 4 + Math.floor(Math.random() * 8), delayMs: Math.floor(Math.random() * 30) })
    retained += said.split('retained').length - 1
  }
  expect((await run(kept)).trim().split('\n').at(-1)).toBe('told')
  expect(retained).toBeGreaterThan(0)

  const log = await open(kept)
  const state = await retainedState(log, POLLS)
  await log.close()
  const whole = await open(join(folder, 'whole'))
  for (const { changes } of polledStory(POLLS)) await whole.append(changes)
  await whole.append(state.horizons.map(([domain, beforeMs]) => ({ record: 'horizon', domain, beforeMs })))
  expect(state).toEqual(await retainedState(whole, POLLS))
  await whole.close()
}, 180_000)
