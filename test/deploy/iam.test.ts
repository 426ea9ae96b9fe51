import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

type Texts = string | readonly string[]
type Statement = {
  readonly Sid: string
  readonly Effect: string
  readonly Action: Texts
  readonly Resource?: Texts
  readonly Principal?: unknown
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}
type Policy = { readonly Version: string; readonly Statement: readonly Statement[] }

const policy = (name: string): Policy => JSON.parse(readFileSync(join('deploy/iam', name), 'utf8')) as Policy
const actionsOf = ({ Statement }: Policy): readonly string[] => Statement.flatMap(({ Action }) => Action).sort()

/** As CloudFormation's short forms, of which the template needs two; what they refer to stands in for their value. */
const template = parse(readFileSync('deploy/iam/poller-role.yaml', 'utf8'), {
  customTags: ['!Ref', '!GetAtt'].map(tag => ({ tag, resolve: (name: string) => `${tag} ${name}` })),
})

/** Actions that go by another name in a policy, and the one that needs no permission. */
const ALLOWED_BY: Readonly<Record<string, readonly string[]>> = {
  's3:HeadObject': ['s3:GetObject'],
  's3:ListObjectsV2': ['s3:ListBucket'],
  'sqs:ChangeMessageVisibilityBatch': ['sqs:ChangeMessageVisibility'],
  'sqs:DeleteMessageBatch': ['sqs:DeleteMessage'],
  'sts:GetCallerIdentity': [],
}

const HARMLESS =
  /^(ec2:Describe\w+|s3:(List|Get)\w+|sqs:(ReceiveMessage|ChangeMessageVisibility|DeleteMessage)|sts:AssumeRole)$/

/** Every request of the AWS SDK that the source makes: commands, and paginators of commands, of any client. */
function requestsIn(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
  const requests = files.flatMap(file => {
    const text = readFileSync(join(folder, file), 'utf8')
    const imports = [...text.matchAll(/import (?!type )\{([^}]*)\} from '@aws-sdk\/client-([a-z0-9-]+)'/g)]
    return imports.flatMap(([, names = '', client = '']) =>
      names.split(',').flatMap(name => {
        const [, command, pages] = /^(?:(\w+)Command|paginate(\w+))$/.exec(name.trim()) ?? []
        return (command ?? pages) ? [`${client}:${command ?? pages}`] : []
      }),
    )
  })
  return [...new Set(requests)].sort()
}
function neededBy(folder: string, services: readonly string[]): readonly string[] {
  const asked = requestsIn(folder).filter(request => services.includes(request.slice(0, request.indexOf(':'))))
  return [...new Set(asked.flatMap(request => ALLOWED_BY[request] ?? [request]))].sort()
}

describe('the policies allow exactly what the code asks for', () => {
  test('the pollers, by the policy of their role and by the template of it', () => {
    const needed = neededBy('src/pollers', ['ec2'])
    expect(needed).toContain('ec2:DescribeNetworkInterfaces')
    expect(actionsOf(policy('poller-policy.json'))).toEqual(needed)
    expect(actionsOf(template.Resources.Poller.Properties.Policies[0].PolicyDocument)).toEqual(needed)
  })

  test('the reader of flow logs', () => {
    const needed = neededBy('src/enricher', ['s3'])
    expect(needed).toContain('s3:GetObject')
    expect(actionsOf(policy('flow-log-reader-policy.json'))).toEqual(needed)
  })

  test('the reader of a queue of their names', () => {
    const needed = neededBy('src/enricher', ['sqs'])
    expect(needed).toContain('sqs:ReceiveMessage')
    expect(actionsOf(policy('flow-log-queue-policy.json'))).toEqual(needed)
  })

  test('whoever takes on the role of the pollers', () => {
    const needed = neededBy('src/pollers', ['sts'])
    expect(actionsOf(policy('caller-policy.json'))).toEqual(needed)
    expect(actionsOf(policy('poller-role-trust.json'))).toEqual(needed)
  })

  test('no other part of the source asks AWS for anything, and nothing asks for a service without a policy', () => {
    const known = ['ec2', 's3', 'sqs', 'sts']
    const asked = requestsIn('src')
    expect(asked.filter(request => !known.includes(request.slice(0, request.indexOf(':'))))).toEqual([])
    expect(asked).toEqual([...new Set([...requestsIn('src/pollers'), ...requestsIn('src/enricher')])].sort())
  })
})

describe('every policy', () => {
  const names = readdirSync('deploy/iam').filter(name => name.endsWith('.json'))

  test.each(names)(
    '%s only allows, names each action, and changes nothing but which messages of a queue are done',
    name => {
      const { Version, Statement } = policy(name)
      expect(Version).toBe('2012-10-17')
      for (const { Sid, Effect, Action } of Statement) {
        expect(Sid).toMatch(/^[A-Za-z]+$/)
        expect(Effect).toBe('Allow')
        for (const action of [Action].flat()) expect(action).toMatch(HARMLESS)
      }
    },
  )

  test.each(names)(
    '%s allows everything only where the action knows no resources, and then in the regions asked for',
    name => {
      for (const { Resource, Condition, Principal } of policy(name).Statement) {
        if (Principal !== undefined) continue
        const isAll = [Resource].flat().includes('*')
        expect(isAll).toBe(Condition?.['StringEquals']?.['aws:RequestedRegion'] !== undefined)
      }
    },
  )

  test.each([...names, 'poller-role.yaml'])('%s is explained, with every action', name => {
    const page = readFileSync('docs/aws-account.md', 'utf8')
    expect(page).toContain(`](../deploy/iam/${name})`)
    if (name.endsWith('.json')) for (const action of actionsOf(policy(name))) expect(page).toContain(`\`${action}\``)
  })
})

describe('the role of the pollers', () => {
  const trusts: readonly [string, Policy][] = [
    ['poller-role-trust.json', policy('poller-role-trust.json')],
    ['poller-role.yaml', template.Resources.Poller.Properties.AssumeRolePolicyDocument],
  ]

  test.each(trusts)('%s: is taken on by one principal, and by nobody without the external id', (_, { Statement }) => {
    expect(Statement).toHaveLength(1)
    const [{ Principal, Condition } = { Principal: undefined, Condition: undefined }] = Statement
    expect(Principal).toMatchObject({ AWS: expect.stringMatching(/^(arn:aws:iam::|!Ref WhohadPrincipalArn)/) })
    expect(JSON.stringify(Principal)).not.toContain('*')
    expect(Object.keys(Condition?.['StringEquals'] ?? {})).toEqual(['sts:ExternalId'])
  })

  test('is the same by the template as by the two documents', () => {
    const { AssumeRolePolicyDocument, Policies, MaxSessionDuration } = template.Resources.Poller.Properties
    const shape = (text: unknown) =>
      JSON.stringify(text).replaceAll(/"(!Ref \w+|arn:[^"]+|EXTERNAL-ID)"|\["REGION"\]/g, '"…"')
    expect(Policies).toHaveLength(1)
    expect(shape(Policies[0].PolicyDocument)).toBe(shape(policy('poller-policy.json')))
    expect(shape(AssumeRolePolicyDocument)).toBe(shape(policy('poller-role-trust.json')))
    // As long as a session that the pollers ask for.
    expect(MaxSessionDuration).toBe(3600)
  })

  test('has only parameters that it uses', () => {
    const text = readFileSync('deploy/iam/poller-role.yaml', 'utf8')
    for (const name of Object.keys(template.Parameters)) expect(text).toContain(`!Ref ${name}`)
  })
})
