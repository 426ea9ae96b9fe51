import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { buildWhohadFirst, eventually, type Running, startWhohad, whohad } from '../support/cli.ts'
import { dataFolder } from '../support/cli-data.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'

buildWhohadFirst()

type Answer = {
  readonly state: string
  readonly reason: string
  readonly final: boolean
  readonly holding: { readonly owner: { readonly application: string; readonly resourceId: string } } | null
}

const withinMs = 120_000

async function askServer(url: string, question: string): Promise<Answer> {
  const response = await fetch(`${url}/v1/whohad?q=${encodeURIComponent(question)}`)
  if (!response.ok) throw new Error(`${question}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Answer
}

/** What may never change: who it was, and why that is known. */
const essence = ({ state, reason, holding }: Answer) => ({ state, reason, owner: holding?.owner ?? null })

const urlOf = async (up: Running): Promise<string> =>
  (await up.said(/(?:listens on|Page\s+) ?(http:\/\/[^/\s]+)/))[1] ?? ''

const ready = (url: string) =>
  eventually(async () => {
    const response = await fetch(`${url}/readyz`).catch(() => undefined)
    return response?.status === 200
      ? ((await response.json()) as { checks: { name: string; ok: boolean }[] })
      : undefined
  })

/** Addresses around a container's, in both domains, at times that the demo has lived through. */
function questionsAround(sample: string): string[] {
  const [, network = '', host = '', domain = ''] = /^(\d+\.\d+\.\d+)\.(\d+) @ \d+ in (\S+)$/.exec(sample) ?? []
  const domains = ['prod', 'lab'].includes(domain) ? ['prod', 'lab'] : [domain]
  const nowSeconds = Math.floor(Date.now() / 1000)
  const hosts = Array.from({ length: 8 }, (_, i) => Math.max(4, Number(host) - 4) + i)
  return domains.flatMap(name =>
    [150, 240].flatMap(ago => hosts.map(last => `${network}.${last} @ ${nowSeconds - ago} in ${name}`)),
  )
}

test('after kill -9 whohad up gives the answers that the demo gave, and so does the folder alone', {
  timeout: 150_000,
}, async () => {
  const data = join(await temporaryFolder('killed'), 'data')
  const demo = startWhohad(['demo', '--minutes', '6', '--seed', '5', '--port', '0', '--data', data], { withinMs })
  const [, sample = ''] = await demo.said(/Question {2}whohad "([^"]+)"/)
  const demoUrl = await urlOf(demo)
  const before = new Map<string, Answer>()
  for (const question of [sample, ...questionsAround(sample)]) {
    const answer = await askServer(demoUrl, question)
    // Only what is final may be compared: the demo lives on while we ask.
    if (answer.final) before.set(question, answer)
  }
  demo.kill('SIGKILL')
  expect((await demo.ended).signal).toBe('SIGKILL')
  expect(before.get(sample)?.state).toBe('owned')
  expect(before.size).toBeGreaterThan(12)
  expect([...before.values()].filter(({ state }) => state === 'owned').length).toBeGreaterThan(3)

  const up = startWhohad(['up', '--port', '0', '--data', data], { withinMs })
  const url = await urlOf(up)
  const { checks } = await ready(url)
  expect(checks).toContainEqual({ name: 'store', ok: true, detail: 'answers' })
  expect(checks.filter(({ name }) => name.startsWith('source ')).length).toBeGreaterThan(1)
  for (const [question, answer] of before) {
    expect({ question, ...essence(await askServer(url, question)) }).toEqual({ question, ...essence(answer) })
  }

  const alone = await whohad([sample, '--data', data])
  const byServer = await whohad([sample, '--url', url])
  for (const { code, stdout } of [alone, byServer]) {
    expect(essence(JSON.parse(stdout) as Answer)).toEqual(essence(before.get(sample) as Answer))
    expect(code).toBe(0)
  }

  const demoInUse = await whohad(['demo', '--once', '--minutes', '1', '--data', data])
  expect(demoInUse.stderr).toContain('WHOHAD_DEMO_FOLDER_IN_USE')
  expect(demoInUse.code).toBe(2)

  up.kill('SIGTERM')
  expect(await up.ended).toMatchObject({ code: 0, signal: null })
  const restarted = await whohad([sample, '--data', data])
  expect(essence(JSON.parse(restarted.stdout) as Answer)).toEqual(essence(before.get(sample) as Answer))
})

test('a demo that is told to stop while it lives its past in quick motion ends with exit code 0', async () => {
  const data = join(await temporaryFolder('stopped'), 'data')
  const demo = startWhohad(['demo', '--minutes', '600', '--port', '0', '--data', data])
  await demo.said(/in quick motion/)
  demo.kill('SIGINT')
  const { code, stderr } = await demo.ended
  expect(stderr).toContain('Stopping')
  expect(stderr).not.toMatch(/\n\s+at /)
  expect(code).toBe(0)
})

let data: string
beforeAll(async () => {
  data = await dataFolder()
})

test('a second whohad on a folder in use is refused with the pid of the first, which goes on', async () => {
  const first = startWhohad(['up', '--port', '0', '--data', data])
  const url = await urlOf(first)
  const second = await whohad(['up', '--port', '0', '--data', data])
  expect(second.stderr).toContain('WHOHAD_STREAM_LOCKED')
  expect(second.stderr).toContain(`in use by process ${first.pid}`)
  expect(second.code).toBe(1)
  await ready(url)
  expect((await askServer(url, '52.11.120.97 @ 1495670748 in inet.0')).state).toBe('owned')
  const asked = await whohad(['52.11.120.97 @ 1495670748 in inet.0', '--data', data])
  expect(asked).toMatchObject({ code: 0, stderr: '' })
  first.kill('SIGINT')
  expect((await first.ended).code).toBe(0)
})

test('a port in use is said, exit code 1, and the folder is free again', async () => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const { code, stderr } = await whohad(['up', '--port', String(port), '--data', data])
  expect(stderr).toContain(`WHOHAD_CANNOT_LISTEN: Cannot listen on 127.0.0.1 port ${port}: `)
  expect(stderr).toContain('EADDRINUSE')
  expect(code).toBe(1)
  server.close()
  const up = startWhohad(['up', '--port', String(port), '--data', data])
  expect(await urlOf(up)).toBe(`http://127.0.0.1:${port}`)
  up.kill('SIGTERM')
  expect((await up.ended).code).toBe(0)
})

test('an address beyond loopback is refused before anybody can ask: exit code 2', async () => {
  const { code, stderr } = await whohad(['up', '--host', '0.0.0.0', '--port', '0', '--data', data])
  expect(stderr).toContain('WHOHAD_BIND_NOT_LOOPBACK')
  expect(code).toBe(2)
})
