import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import { systemClock } from '../../src/runtime/clock.ts'

const path = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url))
const children: ChildProcess[] = []
const start = (command: string, commandArguments: readonly string[]): ChildProcess => {
  const child = spawn(command, commandArguments, { stdio: ['pipe', 'pipe', 'pipe'] })
  children.push(child)
  return child
}
const nodeArguments = ['--import', path('typescript-hooks.mjs'), path('appending-child.ts')]

describe('the embedded log under a crash', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'whohad-crash-'))
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })

  const stored = async (): Promise<number[]> => {
    const log = await openEmbeddedLog({ folder, segmentBytes: 1 << 20, clock: systemClock, onTornTail: () => {} })
    const sequences: number[] = []
    for await (const batch of log.read({ follow: false, signal: new AbortController().signal })) {
      for (const { change } of batch) if (change.record === 'progress') sequences.push(change.revision.sequence)
    }
    await log.close()
    return sequences
  }

  test('kill -9 while it appends: all that was acknowledged is there, in order and once; the dead lock is taken over', async () => {
    for (const acknowledgements of [1, 40, 173]) {
      await rm(folder, { recursive: true, force: true })
      const child = start(process.execPath, [...nodeArguments, folder])
      const acknowledged = await linesOf(child, lines => {
        if (lines.length > acknowledgements) child.kill('SIGKILL')
      })
      const last = Number(acknowledged.at(-1))
      expect(last).toBeGreaterThanOrEqual(acknowledgements - 1)
      const sequences = await stored()
      expect(sequences).toEqual(Array.from({ length: sequences.length }, (_, i) => i))
      expect(sequences.length).toBeGreaterThan(last)
      // At most the append under way when the kill came may be there unacknowledged.
      expect(sequences.length).toBeLessThanOrEqual(last + 3)
    }
  }, 90_000)

  test('a second process is refused while the first one lives', async () => {
    const log = await openEmbeddedLog({ folder, segmentBytes: 1 << 20, clock: systemClock, onTornTail: () => {} })
    const child = start(process.execPath, [...nodeArguments, folder])
    let said = ''
    child.stderr?.on('data', chunk => {
      said += chunk
    })
    await new Promise(resolve => child.once('close', resolve))
    expect(said).toContain(`is in use by process ${process.pid}`)
    await log.close()
  })

  test('a disk that takes no more is a clear error, and nothing half-written stays', async () => {
    // The shell's limit on file size (in blocks of 512 or 1024 bytes) stands in for the full disk: write(2) fails alike.
    const command = `ulimit -f 40; exec "$0" "$@"`
    const shell = ['-c', command, process.execPath, ...nodeArguments, folder, String(1 << 20)]
    const child = start('sh', shell)
    const lines = await linesOf(child, () => {})
    const acknowledged = lines.filter(line => /^\d+$/.test(line))
    expect(acknowledged.length).toBeGreaterThan(2)
    expect(lines.at(-1)).toContain('WHOHAD_STREAM_WRITE_FAILED')
    expect(await stored()).toEqual(acknowledged.map(Number))
  })

  // The limit is lifted from outside, as space is freed on a disk: prlimit is in util-linux.
  test.skipIf(spawnSync('prlimit', ['--version']).error !== undefined)(
    'once there is room again, appends go on without a restart',
    async () => {
      const hooks = ['--import', path('typescript-hooks.mjs'), path('full-disk-child.ts')]
      const command = 'ulimit -S -f 40; exec "$0" "$@"'
      const child = start('sh', ['-c', command, process.execPath, ...hooks, folder, String(1 << 20)])
      const lines = await linesOf(child, said => {
        if (said.at(-1) !== 'full') return
        execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited'])
        child.stdin?.write('more\n')
      })
      const full = lines.indexOf('full')
      expect(lines.slice(full - 3, full)).toEqual(new Array(3).fill('WHOHAD_STREAM_WRITE_FAILED'))
      const acknowledged = lines.filter(line => /^\d+$/.test(line)).map(Number)
      expect(acknowledged.slice(-3)).toEqual([0, 1, 2].map(i => full + i))
      expect(await stored()).toEqual(acknowledged)
    },
    60_000,
  )
})

async function linesOf(child: ChildProcess, onLines: (lines: readonly string[]) => void): Promise<string[]> {
  let text = ''
  const lines = () => text.split('\n').slice(0, -1)
  child.stdout?.on('data', chunk => {
    text += chunk
    onLines(lines())
  })
  await new Promise(resolve => child.once('close', resolve))
  return lines().slice(1) // the first says "open"
}
