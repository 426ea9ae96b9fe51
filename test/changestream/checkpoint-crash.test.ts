import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readCheckpoint, writeCheckpoint } from '../../src/changestream/checkpoint/checkpoint.ts'
import { readUpTo } from '../support/read-state.ts'

const support = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url))
const nodeArguments = ['--import', support('typescript-hooks.mjs'), support('checkpointing-child.ts')]
const FULL_BYTES = 24 << 20 // of a generation that the child writes

describe('checkpoints of a process that is killed or not let', () => {
  let folder: string
  let path: string
  const children: ChildProcess[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'whohad-checkpoint-crash-'))
    path = join(folder, 'index.checkpoint')
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  const start = (command: string, commandArguments: readonly string[]): ChildProcess => {
    const child = spawn(command, commandArguments, { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    return child
  }

  /** What the child says until it is gone, line by line. */
  async function linesOf(child: ChildProcess): Promise<readonly string[]> {
    let text = ''
    child.stdout?.on('data', chunk => {
      text += chunk
    })
    await new Promise(resolve => child.once('close', resolve))
    return text.split('\n').slice(0, -1)
  }

  test('kill -9 while it writes leaves the old file or the new one, whole; the next writer clears up', async () => {
    const caughtUnderWay = await Promise.all([0, 0.3, 0.7, 1].map(share => killAt(share)))
    expect(caughtUnderWay).toContain(true)
  }, 120_000)

  /** Kills a writer once this share of a generation is in its new file; true where the kill left that file unfinished. */
  async function killAt(share: number): Promise<boolean> {
    const own = join(folder, `killed-at-${share}`)
    const file = join(own, 'index.checkpoint')
    mkdirSync(own)
    const bytesOf = (name: string) => statSync(join(own, name), { throwIfNoEntry: false })?.size ?? 0
    const unfinished = () => readdirSync(own).filter(name => name !== 'index.checkpoint')
    const isUnderWay = () => unfinished().some(name => bytesOf(name) >= share * FULL_BYTES)
    const child = start(process.execPath, [...nodeArguments, 'loop', file])
    const lines = linesOf(child)
    // The first generation is let through, so that there is an old file.
    while (child.exitCode === null && !(bytesOf('index.checkpoint') > 0 && isUnderWay())) await sleep(1)
    child.kill('SIGKILL')
    const acknowledged = Number((await lines).at(-1) ?? 0)
    const caughtUnderWay = unfinished().length > 0

    const read = await readCheckpoint(file)
    const generation = Number(read?.image.header['generation'])
    // One more than acknowledged: the kill can come between the rename and the line.
    expect([acknowledged, acknowledged + 1]).toContain(generation)
    expect(read?.read.positions).toEqual([generation])
    const wanted = Buffer.alloc(FULL_BYTES / 2).fill(generation)
    expect(read?.image.sections.map(({ bytes }) => Buffer.compare(bytes, wanted))).toEqual([0, 0])

    await writeCheckpoint(file, { read: readUpTo(0), image: { header: {}, sections: [] } })
    expect(readdirSync(own)).toEqual(['index.checkpoint'])
    return caughtUnderWay
  }

  test('a disk that takes no more is a declared error, and the old file stays alone', async () => {
    await writeCheckpoint(path, { read: readUpTo(5), image: { header: {}, sections: [] } })
    // The shell's limit on file size stands in for the full disk: write(2) fails alike.
    const child = start('sh', ['-c', `ulimit -f 40; exec "$0" "$@"`, process.execPath, ...nodeArguments, 'write', path])
    expect(await linesOf(child)).toEqual([
      expect.stringMatching(
        /^WHOHAD_CHECKPOINT_WRITE_FAILED .*EFBIG.*is still whole\. Free disk space, then try again\.$/,
      ),
    ])
    expect((await readCheckpoint(path))?.read.positions).toEqual([5])
    expect(readdirSync(folder)).toEqual(['index.checkpoint'])
  })

  // Root may write anywhere: where the tests run as root, the child becomes somebody else.
  const userId = process.getuid?.() === 0 ? ['65534'] : []

  test('a folder that may not be written to is a declared error', async () => {
    const readOnly = join(folder, 'read-only')
    mkdirSync(readOnly)
    chmodSync(folder, 0o755)
    chmodSync(readOnly, 0o555)
    const child = start(process.execPath, [...nodeArguments, 'write', join(readOnly, 'index'), ...userId])
    expect(await linesOf(child)).toEqual([
      expect.stringMatching(
        /^WHOHAD_CHECKPOINT_WRITE_FAILED .*EACCES.*Let this user write in .*read-only, then try again\.$/,
      ),
    ])
  })

  test('a file that may not be read is a declared error', async () => {
    chmodSync(folder, 0o755)
    writeFileSync(path, '', { mode: 0o000 })
    const child = start(process.execPath, [...nodeArguments, 'read', path, ...userId])
    expect(await linesOf(child)).toEqual([
      expect.stringMatching(/^WHOHAD_CHECKPOINT_UNREADABLE .*EACCES.*Mend that, or delete the file/),
    ])
  })
})
