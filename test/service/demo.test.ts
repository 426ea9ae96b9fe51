import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildWhohadFirst, whohad } from '../support/cli.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { requireService } from '../support/services.ts'

buildWhohadFirst()

type Ends = Readonly<Record<string, { readonly flows: number; readonly bytes: number }>>
type DemoJson = {
  readonly seed: number
  readonly records: number
  readonly states: { readonly source: Ends; readonly destination: Ends }
  readonly managed: Ends
  readonly owned_share: number
  readonly wrong: number
  readonly seconds: number
}

const once = (seed: number, ...more: string[]) =>
  whohad(['demo', '--once', '--minutes', '5', '--seed', String(seed), ...more])

const lastLine = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as DemoJson
const flowsOf = (ends: Ends) => Object.values(ends).reduce((sum, { flows }) => sum + flows, 0)

describe('whohad demo --once', () => {
  test('no owned answer is wrong, most managed ends are owned, and a seed names one world', {
    timeout: 200_000,
  }, async () => {
    const runs = await Promise.all([once(7, '--json'), once(8, '--json'), once(7, '--json')])
    const results = runs.map(({ code, stdout, stderr }) => {
      expect(stderr).toContain('Owned answers that are not the truth: 0.')
      expect(code).toBe(0)
      return lastLine(stdout)
    })
    for (const { records, states, managed, owned_share, wrong, seconds } of results) {
      expect(records).toBeGreaterThan(5_000)
      expect(wrong).toBe(0)
      expect(owned_share).toBeGreaterThanOrEqual(0.75)
      expect(owned_share).toBeCloseTo((managed['owned']?.flows ?? 0) / flowsOf(managed), 3)
      expect(seconds).toBeGreaterThan(0)
      for (const ends of [states.source, states.destination]) {
        expect(Object.keys(ends).toSorted()).toEqual(['ambiguous', 'external', 'owned', 'unknown', 'unowned'])
        expect(flowsOf(ends)).toBe(records)
      }
    }
    expect(results.map(({ seed }) => seed)).toEqual([7, 8, 7])
    expect(results[2]?.records).toBe(results[0]?.records)
    expect(results[1]?.records).not.toBe(results[0]?.records)
  })

  test('without --json stdout stays empty, and --data keeps the folder', async () => {
    const data = join(await temporaryFolder('demo'), 'kept')
    const { code, stdout, stderr } = await whohad(['demo', '--once', '--minutes', '1', '--data', data])
    expect([code, stdout]).toEqual([0, ''])
    expect(stderr).toContain('1 simulated minutes')
    expect(readdirSync(data).toSorted()).toEqual(['changes', 'index.checkpoint', 'simulated-cloud.json', 'store'])
  })
})

describe('the folder of a demo', () => {
  test.for([
    ['--once', '--minutes', '1'],
    ['--port', '0', '--minutes', '1'],
  ])('that holds something else is refused and left as it was: demo %s', async flags => {
    const data = await temporaryFolder('foreign')
    mkdirSync(join(data, 'changes'))
    writeFileSync(join(data, 'changes', 'manifest.json'), 'precious')
    const { code, stdout, stderr } = await whohad(['demo', ...flags, '--data', data])
    expect(stderr).toContain(`WHOHAD_DEMO_FOLDER_IN_USE: The demo needs an empty folder, and ${data} holds something`)
    expect([code, stdout]).toEqual([2, ''])
    expect(readdirSync(data, { recursive: true }).toSorted()).toEqual(['changes', join('changes', 'manifest.json')])
    expect(readFileSync(join(data, 'changes', 'manifest.json'), 'utf8')).toBe('precious')
  })

  /** What a demo leaves behind that was killed, with this holder in its lock. */
  async function leftBehind(holder: object): Promise<string> {
    const data = await temporaryFolder('left')
    mkdirSync(join(data, 'changes'))
    writeFileSync(join(data, 'simulated-cloud.json'), '{"seed":1}\n')
    writeFileSync(join(data, 'changes', 'lock'), JSON.stringify(holder))
    writeFileSync(join(data, 'old'), '')
    return data
  }

  const runIn = (data: string) => whohad(['demo', '--once', '--minutes', '1', '--data', data])

  test('of an earlier one that was killed is used again', async () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    const data = await leftBehind({ pid, started: null })
    expect(await runIn(data)).toMatchObject({ code: 0 })
    expect(existsSync(join(data, 'old'))).toBe(false)
  })

  test.skipIf(!requireService('/proc', existsSync('/proc/self/stat'), 'it is there on Linux'))(
    'of an earlier one that was killed is used again where its pid is another process’s by now, as in a container',
    async () => {
      const data = await leftBehind({ pid: process.pid, started: '1' })
      expect(await runIn(data)).toMatchObject({ code: 0 })
    },
  )

  test('that is in use is refused', async () => {
    const data = await leftBehind({ pid: process.pid, started: null })
    const { code, stderr } = await runIn(data)
    expect(stderr).toContain('WHOHAD_DEMO_FOLDER_IN_USE')
    expect(code).toBe(2)
    expect(existsSync(join(data, 'old'))).toBe(true)
  })
})
