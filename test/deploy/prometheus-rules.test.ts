import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { PROJECT } from '../support/cli.ts'

const read = (path: string) => readFileSync(join(PROJECT, path), 'utf8')
const page = read('docs/metrics.md')
const rules = parse(read('deploy/prometheus/whohad.rules.yml'))

test('the alert rules are those of the page', () => {
  const [, shown = ''] = /```yaml\n(.*?)```/s.exec(page) ?? []
  expect(rules).toEqual(parse(shown))
})

test('every alert asks for a metric that the page explains', () => {
  const explained = new Set([...page.matchAll(/^### (whohad_\w+)$/gm)].map(([, name]) => name))
  const alerts = rules.groups.flatMap((group: { rules: { alert: string; expr: string }[] }) => group.rules)
  expect(alerts.length).toBeGreaterThan(15)
  for (const { alert, expr } of alerts) {
    const asked = [...expr.matchAll(/whohad_\w+/g)].map(([name]) => name)
    expect({ alert, asked: asked.filter(name => !explained.has(name)) }).toEqual({ alert, asked: [] })
    expect(asked.length, alert).toBeGreaterThan(0)
  }
})
