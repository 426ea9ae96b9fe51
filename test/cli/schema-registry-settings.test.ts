import { expect, test } from 'vitest'
import { codecOptionsOf } from '../../src/cli/kafka-settings.ts'
import { loadSettings } from '../../src/cli/settings.ts'

const load = (environment: Record<string, string>) =>
  loadSettings(
    Object.fromEntries(Object.entries(environment).map(([key, value]) => [`WHOHAD_KAFKA__SCHEMA_${key}`, value])),
    { overrides: {} },
  )

test('the registry is read from the environment, the password from it or from a file', () => {
  const { kafka } = load({ REGISTRY_URL: 'https://registry:8081', REGISTRY_USERNAME: 'whohad', REGISTRY_PASSWORD: 's' })
  const login = { username: 'whohad', password: { value: 's' } }
  expect(codecOptionsOf(kafka)).toMatchObject({
    topic: 'whohad.changes',
    registry: { url: 'https://registry:8081', login },
  })
  const byFile = load({
    REGISTRY_URL: 'http://127.0.0.1:1',
    REGISTRY_USERNAME: 'whohad',
    REGISTRY_PASSWORD_FILE: '/f',
    FOLDER: '/s',
  })
  expect(codecOptionsOf(byFile.kafka)).toMatchObject({
    registry: { login: { password: { file: '/f' } } },
    schemaFolder: '/s',
  })
  expect(codecOptionsOf(load({}).kafka)).toMatchObject({ registry: undefined, schemaFolder: undefined })
})

test.each([
  [{ REGISTRY_USERNAME: 'a', REGISTRY_PASSWORD: 'b' }, 'no effect without kafka.schemaRegistryUrl'],
  [{ REGISTRY_URL: 'https://r', REGISTRY_USERNAME: 'a' }, 'goes with one of kafka.schemaRegistryPassword'],
  [{ REGISTRY_URL: 'https://r', REGISTRY_PASSWORD: 'b' }, 'goes with one of kafka.schemaRegistryPassword'],
  [
    { REGISTRY_URL: 'https://r', REGISTRY_USERNAME: 'a', REGISTRY_PASSWORD: 'b', REGISTRY_PASSWORD_FILE: 'c' },
    'goes with one of kafka.schemaRegistryPassword',
  ],
  [{ REGISTRY_URL: 'http://r', REGISTRY_USERNAME: 'a', REGISTRY_PASSWORD: 'b' }, 'must be https'],
])('%j is complained of', (environment, complaint) => {
  expect(() => load(environment)).toThrow(complaint)
})
