import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { TrafficObject } from './objects.ts'
import type { Round } from './rounds.ts'

/** Unpacks the objects to nowhere with gunzip, shared out to as many processes. */
export async function gunzip(objects: readonly TrafficObject[], processes: number): Promise<Round> {
  const startedMs = performance.now()
  const shares = Array.from({ length: processes }, (_, share) => objects.filter((_, i) => i % processes === share))
  const cpuSeconds = await Promise.all(shares.map(cpuSecondsOf))
  return {
    wallSeconds: (performance.now() - startedMs) / 1000,
    cpuSeconds: cpuSeconds.reduce((sum, seconds) => sum + seconds, 0),
  }
}

/** Node does not tell what a child took; bash does. */
async function cpuSecondsOf(objects: readonly TrafficObject[]): Promise<number> {
  const script = `TIMEFORMAT='%3U %3S'; time xargs -0 gunzip -c > /dev/null`
  const child = spawn('bash', ['-c', script], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  })
  child.stdin.end(objects.map(({ path }) => path).join('\0'))
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  const [user, system] = said.trim().split(' ').map(Number)
  if (code !== 0 || user === undefined || system === undefined) throw new Error(`gunzip ended with ${code}: ${said}`)
  return user + system
}
