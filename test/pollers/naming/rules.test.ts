import { describe, expect, test } from 'vitest'
import { type Naming, nameOf } from '../../../src/pollers/naming/rules.ts'

const asg = { 'aws:autoscaling:groupName': 'api-prod-canary-v012' }
const naming = (...rules: Naming['rules'][number][]): Naming => ({ rules, teamTags: ['team', 'email'] })

describe('naming rules', () => {
  test('the first rule that yields a name wins and is recorded; the cluster is the group all the same', () => {
    const rules = naming({ rule: 'tag', keys: ['app', 'application'] }, { rule: 'asg-frigga' })
    expect(nameOf({ tags: { ...asg, app: ' ', application: 'gateway', email: 'a@b' }, managed: null }, rules)).toEqual({
      application: 'gateway',
      namedBy: 'tag:application',
      cluster: 'api-prod-canary',
      stack: 'prod',
      detail: 'canary',
      team: 'a@b',
    })
    expect(nameOf({ tags: asg, managed: null }, rules)).toMatchObject({ application: 'api', namedBy: 'asg-frigga' })
  })

  test('what no rule names has no application and says so', () => {
    const unnamed = nameOf({ tags: { Name: 'web-1' }, managed: null }, naming({ rule: 'tag', keys: ['app'] }))
    expect(unnamed).toMatchObject({ application: null, namedBy: null, team: null })
  })

  test('a description names only what a service manages, by the service or by a pattern', () => {
    const managed = { description: 'ELB app/shop/0123', name: 'shop', row: 'elb-app' }
    expect(nameOf({ tags: {}, managed }, naming({ rule: 'description' })).application).toBe('shop')
    const pattern = naming({ rule: 'description', pattern: '^ELB (\\w+)/(\\w+)', application: '$2-$1' })
    expect(nameOf({ tags: {}, managed }, pattern).application).toBe('shop-app')
    expect(nameOf({ tags: {}, managed: null }, pattern).application).toBeNull()
  })
})
