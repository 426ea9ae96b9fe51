import { vi } from 'vitest'
import { doctor } from '../../src/cli/doctor-command.ts'
import type { Finding } from '../../src/cli/doctor-finding.ts'
import { loadSettings } from '../../src/cli/settings.ts'

export type Diagnosis = {
  readonly code: number
  readonly findings: readonly Finding[]
  /** Those that are not in order. */
  readonly wrong: readonly Finding[]
  readonly printed: string
}

/** What `whohad doctor` finds with these settings, in this process. Room on this machine's disk is not what tests are about. */
export async function diagnose(settings: Readonly<Record<string, unknown>>, timeoutSeconds = 60): Promise<Diagnosis> {
  let printed = ''
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    printed += text
    return true
  })
  try {
    const { signal } = new AbortController()
    const merged = loadSettings({}, { overrides: { api: { port: 0 }, ...settings } })
    const code = await doctor(merged, { json: true, timeoutSeconds, signal })
    const all = printed
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Finding)
    const findings = all.filter(({ check }) => check !== 'free space')
    return { code, findings, wrong: findings.filter(({ status }) => status !== 'ok'), printed }
  } finally {
    spy.mockRestore()
  }
}
