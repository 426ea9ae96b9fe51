import { readFile } from 'node:fs/promises'
import { UsageError } from '../command.ts'
import type { BenchFigures } from './figures.ts'

/** The figures of an earlier run: the last line of what it printed. @throws UsageError where there are none */
export async function savedFigures(file: string): Promise<BenchFigures> {
  const line = (await readFile(file, 'utf8').catch(() => '')).trim().split('\n').at(-1) ?? ''
  const found = objectIn(line)
  // Only a run of this benchmark writes this; it is not read as anything that must be believed.
  if (found?.['bench'] === 'accuracy') return found as unknown as BenchFigures
  throw new UsageError(`--from ${file}: its last line has no figures of this benchmark`)
}

function objectIn(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
