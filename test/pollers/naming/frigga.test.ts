import { describe, expect, test } from 'vitest'
import { friggaCluster, parseFriggaName } from '../../../src/pollers/naming/frigga.ts'

/** The cases of Netflix/frigga's NamesSpec.groovy, and others that its two regular expressions decide. */
const table = [
  ['chukwa.collector_1-v889', 'chukwa.collector_1', null, null, 889, 'chukwa.collector_1'],
  ['foo-v1', 'foo', 'v1', null, null, 'foo-v1'],
  ['foo-v01', 'foo', 'v01', null, null, 'foo-v01'],
  ['foo-v001', 'foo', null, null, 1, 'foo'],
  ['foo-v000001', 'foo', null, null, 1, 'foo'],
  ['foo-v0000001', 'foo', 'v0000001', null, null, 'foo-v0000001'],
  ['actiondrainer--v003', 'actiondrainer', null, null, 3, 'actiondrainer-'],
  ['actiondrainer---v003', 'actiondrainer', null, null, 3, 'actiondrainer--'],
  ['api-test-A-v406', 'api', 'test', 'A', 406, 'api-test-A'],
  ['api-test-~A-v004', 'api', 'test', '~A', 4, 'api-test-~A'],
  ['api--^A-v004', 'api', null, '^A', 4, 'api--^A'],
  ['discovery-us-east-1d', 'discovery', 'us', 'east-1d', null, 'discovery-us-east-1d'],
  ['evcache-us-east-1d-0-v223', 'evcache', 'us', 'east-1d-0', 223, 'evcache-us-east-1d-0'],
  ['cass-c0northamerica-d0prod-v102', 'cass', 'c0northamerica', 'd0prod', 102, 'cass-c0northamerica-d0prod'],
  ['api', 'api', null, null, null, 'api'],
  ['api-test', 'api', 'test', null, null, 'api-test'],
  ['api-test-A', 'api', 'test', 'A', null, 'api-test-A'],
  ['api-', 'api', null, null, null, 'api-'],
  ['api.v1_2-v007', 'api.v1_2', null, null, 7, 'api.v1_2'],
  ['foo-v001-v002', 'foo', 'v001', null, 2, 'foo-v001'],
  ['foo-bar-baz-v12', 'foo', 'bar', 'baz-v12', null, 'foo-bar-baz-v12'],
  // Labelled variables and shards stay where they are written.
  [
    'cass-ncc-x1foo-c0eu-p0tv-u0ncc-v123',
    'cass',
    'ncc',
    'x1foo-c0eu-p0tv-u0ncc',
    123,
    'cass-ncc-x1foo-c0eu-p0tv-u0ncc',
  ],
] as const

describe('the Frigga grammar', () => {
  test.each(table)('%s', (name, app, stack, detail, sequence, cluster) => {
    expect(parseFriggaName(name)).toEqual({ app, stack, detail, sequence, cluster })
  })

  test.each(['api-^test-A-v004', 'nccp-moviecontrol%27', '', '   ', '-v003', '^api-v001', 'api test', 'api-v001\n'])(
    '%j names nothing',
    name => {
      expect(parseFriggaName(name)).toBeUndefined()
    },
  )

  test('a cluster is built from its parts, an empty stack kept before a detail', () => {
    expect(friggaCluster('app', 'stack', 'detail')).toBe('app-stack-detail')
    expect(friggaCluster('app', null, 'detail')).toBe('app--detail')
    expect(friggaCluster('app', 'stack', null)).toBe('app-stack')
    expect(friggaCluster('app', null, null)).toBe('app')
  })
})
