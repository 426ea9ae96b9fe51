import { expect, test } from 'vitest'
import { declareError, reasonOf } from '../../src/runtime/errors.ts'
import { withoutSecrets } from '../../src/runtime/without-secrets.ts'

test.for([
  ['at http://u:p@h:1/x cannot', 'at http://(redacted)@h:1/x cannot'],
  ['"http://u:p@ss@h/x"', '"http://(redacted)@h/x"'],
  ['kafka://token@h and https://u@i', 'kafka://(redacted)@h and https://(redacted)@i'],
  ['https://h/k?X-Amz-Signature=abc&X-Amz-Date=1', 'https://h/k?X-Amz-Signature=(redacted)&X-Amz-Date=1'],
  ['https://h/k?a=1&sig=x%2B, then', 'https://h/k?a=1&sig=(redacted), then'],
  ['https://h/k?X-Amz-Credential=a/b&api_key=c#f', 'https://h/k?X-Amz-Credential=(redacted)&api_key=(redacted)#f'],
  // What is no secret stays, and so does what is no URL.
  ['http://h:1/api/v3/tasks?cursor=abc&pageSize=5', 'http://h:1/api/v3/tasks?cursor=abc&pageSize=5'],
  ['team@example.net?token=x', 'team@example.net?token=x'],
  ['http://h/path@2 of a@b', 'http://h/path@2 of a@b'],
] as const)('%s is shown as %s', ([text, shown]) => {
  expect(withoutSecrets(text)).toBe(shown)
  expect(withoutSecrets(shown)).toBe(shown)
})

test('every declared error and every reason is shown so', () => {
  const failed = declareError('WHOHAD_TEST', 'state', (d: { url: string }) => `Cannot read ${d.url}.`)
  expect(failed({ url: 'http://u:p@h' }).message).toBe('Cannot read http://(redacted)@h.')
  expect(reasonOf(new Error('no http://u:p@h'))).toBe('no http://(redacted)@h')
  expect(reasonOf(new AggregateError([new Error('no http://u:p@h')], ''))).toBe('no http://(redacted)@h')
})
