import { expect, test } from 'vitest'
import { mayServePods } from '../../../src/pollers/ec2/pods.ts'

test.each([
  [{ Description: 'aws-K8S-i-0a1b' }, {}],
  [{ TagSet: [{ Key: 'node.k8s.amazonaws.com/instance_id', Value: 'i-1' }] }, {}],
  [{}, { Tags: [{ Key: 'kubernetes.io/cluster/main', Value: 'owned' }] }],
  [{}, { Tags: [{ Key: 'eks:cluster-name', Value: 'main' }] }],
])('%j on %j may hand its spare addresses to pods', (eni, instance) => {
  expect(mayServePods(eni, instance)).toBe(true)
})

test('an interface of an ordinary instance serves no pods', () => {
  const app = { Key: 'app', Value: 'api' }
  expect(mayServePods({ Description: 'Primary network interface', TagSet: [app] }, { Tags: [app] })).toBe(false)
})
