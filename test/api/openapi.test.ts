import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import openapiTS, { astToString } from 'openapi-typescript'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { testApi } from '../support/api.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'

const document = async () => (await (await testApi()).app.inject('/openapi.json')).json()

test('/openapi.json describes every route, its parameters, bodies and problems', async () => {
  const { openapi, paths } = await document()
  expect(openapi).toBe('3.1.0')
  const operations = Object.entries<Record<string, object>>(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method} ${path}`),
  )
  expect(operations.sort()).toEqual([
    'get /api/v2/view/{collection}/{id}',
    'get /healthz',
    'get /livez',
    'get /readyz',
    'get /v1/apps/{app}/addresses',
    'get /v1/changes',
    'get /v1/coverage',
    'get /v1/explain',
    'get /v1/graph',
    'get /v1/ips/{ip}/history',
    'get /v1/whohad',
    'post /v1/annotate',
    'post /v1/whohad',
  ])
  const { get, post } = paths['/v1/whohad']
  expect(get.parameters.map(({ name }: { name: string }) => name)).toEqual([
    'q',
    'ip',
    'at',
    'domain',
    'port',
    'from',
    'to',
    'as_of',
  ])
  expect(Object.keys(get.responses['400'].content)).toEqual(['application/problem+json'])
  expect(Object.keys(post.requestBody.content)).toEqual(['application/x-ndjson', 'application/json', 'text/csv'])
})

test('the docs page is served with its script, and nothing of it comes from elsewhere', async () => {
  const { app } = await testApi()
  const page = await app.inject('/docs')
  expect(page.headers['content-type']).toContain('text/html')
  expect(page.body).not.toMatch(/https?:\/\/|<script>|style=/)
  expect((await app.inject('/docs.js')).statusCode).toBe(200)
})

test('a typed client is made of it and compiles, and a wrong use of it does not', async () => {
  const folder = join(await temporaryFolder('client'), 'client')
  await mkdir(folder)
  await writeFile(join(folder, 'api.ts'), astToString(await openapiTS(JSON.stringify(await document()))))
  const client = (field: string) => `
    import type { paths } from './api.ts'
    type Answer = paths['/v1/whohad']['get']['responses'][200]['content']['application/json']
    type Query = NonNullable<paths['/v1/whohad']['get']['parameters']['query']>
    export async function whohad(query: Query): Promise<Answer> {
      const reply = await fetch('http://127.0.0.1:7788/v1/whohad?' + new URLSearchParams(query as Record<string, string>))
      return (await reply.json()) as Answer
    }
    export const application = async (): Promise<string | null> => (await whohad({ ip: '10.0.0.7' })).${field}
  `
  await writeFile(join(folder, 'right.ts'), client('application'))
  await writeFile(join(folder, 'wrong.ts'), client('aplication'))
  expect(problemsOf(join(folder, 'right.ts'))).toEqual([])
  expect(problemsOf(join(folder, 'wrong.ts'))).toEqual([expect.stringContaining("'aplication' does not exist")])
}, 120_000)

function problemsOf(file: string): readonly string[] {
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: [],
  })
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
}
