import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { newApiKey } from '../../../src/api/security/api-key.ts'
import { KeyRing } from '../../../src/api/security/key-ring.ts'
import { changeKeys, readKeys } from '../../../src/api/security/keys-file.ts'
import { loginBy } from '../../../src/api/security/login.ts'
import { addKey, listKeys, removeKey } from '../../../src/cli/keys-command.ts'
import { loadSettings } from '../../../src/cli/settings.ts'
import { temporaryFolder } from '../../support/clickhouse-folder.ts'

let path: string
beforeEach(async () => {
  path = join(await temporaryFolder('keys'), 'keys.json')
})

/** A ring on a clock that a test moves. */
function ring() {
  let nowMs = 0
  const keys = new KeyRing(path, { now: () => nowMs })
  return { keys, later: () => (nowMs += 1000) }
}
const held = (name: string, domains: readonly string[] | null = null) => {
  const made = newApiKey(name, domains, 0)
  changeKeys(path, keys => [...keys, made.key])
  return made
}

describe('a keys file', () => {
  test('is its owner’s alone, and has nothing that lets anybody in', () => {
    const { text } = held('one')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const [, , secret = ''] = text.split('_')
    expect(secret).toMatch(/^[0-9a-f]{64}$/)
    expect(readFileSync(path, 'utf8')).not.toContain(secret)
    expect(existsSync(`${path}.new`)).toBe(false)
  })

  test('has several keys at once, and takes one back', () => {
    const [first, second] = [held('same', ['prod']), held('same')]
    const { keys, later } = ring()
    expect(keys.find(first.text)).toEqual(first.key)
    expect(keys.find(second.text)).toEqual(second.key)
    changeKeys(path, all => all.filter(({ id }) => id !== first.key.id))
    later()
    expect([keys.find(first.text), keys.find(second.text)]).toEqual([undefined, second.key])
    rmSync(path)
    later()
    expect(keys.find(second.text)).toBeUndefined()
  })

  test('lets in nobody with a wrong secret, another key’s secret, or a part of one', () => {
    const [one, two] = [held('one'), held('two')]
    const { keys } = ring()
    const secretOf = (text: string) => text.split('_')[2] ?? ''
    const wrong = [
      `whk_${one.key.id}_${secretOf(two.text)}`,
      `whk_${one.key.id}_${one.key.sha256}`,
      `whk_ffffffffffff_${secretOf(one.text)}`,
      one.text.slice(0, -1),
      `${one.text}0`,
      one.text.toUpperCase(),
      `whk_${one.key.id}_`,
      '',
    ]
    expect(wrong.map(text => keys.find(text))).toEqual(wrong.map(() => undefined))
  })

  test('that others may write, or that is broken, lets in nobody', () => {
    const { text } = held('one')
    const { keys, later } = ring()
    expect(keys.find(text)).toBeDefined()
    chmodSync(path, 0o620)
    later()
    expect(() => keys.find(text)).toThrow(/chmod 600/)
    chmodSync(path, 0o600)
    expect(keys.find(text)).toBeDefined()
    for (const broken of ['{"keys": [', '{"keys": [{"id": "x"}]}', '[]']) {
      writeFileSync(path, broken)
      later()
      expect(() => keys.find(text), broken).toThrow(/WHOHAD_KEYS_FILE|Cannot use the keys file/)
    }
  })

  test('is not written by two at a time', () => {
    held('one')
    const nested = () => changeKeys(path, keys => keys)
    expect(() =>
      changeKeys(path, keys => {
        nested()
        return keys
      }),
    ).toThrow(/Cannot write the keys file/)
    expect(readKeys(path).map(({ name }) => name)).toEqual(['one'])
    nested()
  })
})

describe('whohad keys', () => {
  const settings = () => loadSettings({ WHOHAD_API__KEYS_FILE: path }, { config: '/dev/null' })
  function said(work: () => number): string {
    const written: string[] = []
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation(text => written.push(String(text)) > 0)
    try {
      expect(work()).toBe(0)
    } finally {
      spy.mockRestore()
    }
    return written.join('')
  }

  test('adds, lists and removes', async () => {
    const text = said(() => addKey(settings(), { name: 'team', domains: 'prod, inet.0' })).trim()
    const keys = new KeyRing(path, { now: () => 0 })
    const caller = await loginBy({ keys, tokens: undefined }).callerOf(`Bearer ${text}`)
    expect(caller).toMatchObject({ kind: 'key', name: 'team', domains: ['prod', 'inet.0'] })
    expect(['prod', 'inet.0', 'lab'].map(caller.readable)).toEqual([true, true, false])
    const listed = said(() => listKeys(settings(), { json: true }))
    expect(JSON.parse(listed)).toEqual({
      id: caller.id,
      name: 'team',
      domains: ['prod', 'inet.0'],
      createdAt: expect.stringMatching(/Z$/),
    })
    said(() => removeKey(settings(), { id: caller.id }))
    expect(readKeys(path)).toEqual([])
  })

  test('refuses what it cannot do', () => {
    expect(() => addKey(settings(), { name: 'a b' })).toThrow(/is no name/)
    expect(() => addKey(settings(), { name: 'a', domains: 'a b' })).toThrow(/routing domain/)
    expect(() => removeKey(settings(), { id: 'x' })).toThrow(/no key "x"/)
    expect(() => listKeys(loadSettings({}, { config: '/dev/null' }), { json: true })).toThrow(
      /api\.keysFile is not set/,
    )
    expect(existsSync(path)).toBe(false)
  })
})
