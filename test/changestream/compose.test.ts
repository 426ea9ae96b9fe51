import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

type Service = {
  image: string
  ports: string[]
  volumes: string[]
  environment: Record<string, unknown>
  healthcheck: { test: string[]; retries: number }
}
type Compose = { services: Record<string, Service>; volumes: Record<string, null> }

// Where no container engine is at hand this is all that can be checked; `docker compose config` is the real test.
const compose: Compose = parse(readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8'), {
  uniqueKeys: true,
})

test('the compose file starts exactly Kafka and ClickHouse', () => {
  expect(Object.keys(compose.services).sort()).toEqual(['clickhouse', 'kafka'])
  expect(compose.services['kafka']?.image).toMatch(/^apache\/kafka:4\.\d+\.\d+$/)
  expect(compose.services['clickhouse']?.image).toMatch(/^clickhouse\/clickhouse-server:\d+\.\d+$/)
})

test.each(Object.entries(compose.services))(
  '%s is reachable from this machine only, is checked, and keeps its data',
  (_, service) => {
    expect(service.ports.length).toBeGreaterThan(0)
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
    expect(service.healthcheck.test[0]).toBe('CMD')
    expect(service.healthcheck.retries).toBeGreaterThan(1)
    for (const volume of service.volumes) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0])
    // Environment values that YAML reads as numbers or booleans surprise the entry points of images.
    for (const [name, value] of Object.entries(service.environment)) expect(typeof value, name).toBe('string')
  },
)

test('Kafka’s advertised address is the one that the port is published on', () => {
  const { ports, environment } = compose.services['kafka'] as Service
  const [address, port] = ports[0]?.split(':') ?? []
  expect(environment['KAFKA_ADVERTISED_LISTENERS']).toContain(`HOST://${address}:${port}`)
  const listeners = String(environment['KAFKA_LISTENERS']).split(',')
  const names = listeners.map(listener => listener.split(':')[0])
  for (const name of names) expect(environment['KAFKA_LISTENER_SECURITY_PROTOCOL_MAP']).toContain(`${name}:PLAINTEXT`)
})
