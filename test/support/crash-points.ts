import fs, { mkdtemp, open } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const CHANGING = ['rename', 'rm', 'unlink', 'writeFile', 'truncate', 'open'] as const
const CHANGING_OPEN_FILES = ['write', 'writeFile', 'truncate', 'sync', 'datasync'] as const

/**
 * Copies the folder as it is before each step by which `work` changes a file, and after the last: what a kill -9 at that point
 * leaves, as the kernel keeps what was written. Every step runs for real.
 */
export async function crashPoints(folder: string, work: () => Promise<void>): Promise<readonly string[]> {
  const copies: string[] = []
  const copyTo = await mkdtemp(join(tmpdir(), 'whohad-crash-points-'))
  const { cp: copyNow } = fs
  let copying: Promise<void> = Promise.resolve()
  const keep = (step: string) => {
    const copy = join(copyTo, `${String(copies.length).padStart(3, '0')}-${step}`)
    copies.push(copy)
    copying = copying.then(() => copyNow(folder, copy, { recursive: true }))
    return copying
  }
  const probe = await open(copyTo, 'r')
  const handles = Object.getPrototypeOf(probe)
  await probe.close()
  const restore = [
    ...CHANGING_OPEN_FILES.map(name => before(handles, name, () => keep(name))),
    ...CHANGING.map(name =>
      before(fs, name, args => (name === 'open' && !String(args[1]).startsWith('w') ? undefined : keep(name))),
    ),
  ]
  syncBuiltinESMExports()
  try {
    await work()
    await keep('end')
  } finally {
    for (const undo of restore) undo()
    syncBuiltinESMExports()
  }
  return copies
}

type Patched = Record<string, (...args: unknown[]) => Promise<unknown>>

function before(owner: object, name: string, step: (args: unknown[]) => Promise<void> | undefined): () => void {
  const methods = owner as Patched
  const real = methods[name] as Patched[string]
  let isCopying = false
  methods[name] = async function (this: unknown, ...args: unknown[]) {
    if (!isCopying) {
      isCopying = true
      try {
        await step(args)
      } finally {
        isCopying = false
      }
    }
    return real.apply(this, args)
  }
  return () => {
    methods[name] = real
  }
}
