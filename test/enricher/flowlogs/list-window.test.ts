import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { folderPlace } from '../../../src/enricher/flowlogs/folder-path.ts'
import { listWindow } from '../../../src/enricher/flowlogs/list-window.ts'
import { partsOfKey } from '../../../src/enricher/flowlogs/object-ref.ts'
import { collect } from '../../support/byte-streams.ts'
import { flowLogKey, folderBucket, type KeyForm } from '../../support/folder-bucket.ts'
import { propertyRuns, propertyTimeoutMs } from '../../support/property-runs.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const WINDOW = 5 * MINUTE
const EVER = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY }
const FORM: KeyForm = {
  prefix: '',
  organisation: false,
  account: '123456789012',
  region: 'us-east-1',
  layout: 'day',
  suffix: '.log.gz',
}

const listed = async (
  bucket: ReturnType<typeof folderBucket>,
  prefix: string,
  fromMs: number,
  untilMs: number,
  latenessMs = HOUR,
) =>
  (await collect(listWindow(bucket.bucket, { prefix, window: { fromMs, untilMs }, latenessMs }))).map(({ key }) => key)

describe('what a folder can hold', () => {
  const day = { fromMs: Date.UTC(2024, 1, 29), untilMs: Date.UTC(2024, 2, 1) }
  test.for([
    ['', { kind: 'above' }],
    ['team/', { kind: 'above' }],
    ['AWSLogs/', { kind: 'above' }],
    ['a/AWSLogs/o-a1b2c3d4e5/', { kind: 'above' }],
    ['AWSLogs/123456789012/', { kind: 'above' }],
    ['AWSLogs/123456789012/vpcflowlogs/', { kind: 'above' }],
    ['AWSLogs/unknown/vpcflowlogs/', { kind: 'above' }],
    ['AWSLogs/123456789012/CloudTrail/', { kind: 'elsewhere' }],
    ['AWSLogs/aws-account-id=123456789012/aws-service=elasticloadbalancing/', { kind: 'elsewhere' }],
    ['AWSLogs/CloudTrail/', { kind: 'elsewhere' }],
    ['AWSLogs/123456789012/vpcflowlogs/us-east-1/', { kind: 'dated', isHive: false }],
    [
      'AWSLogs/o-a1b2c3d4e5/123456789012/vpcflowlogs/us-east-1/2024/02/29/',
      { kind: 'dated', isHive: false, span: day },
    ],
    [
      'x/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-gov-west-1/year=2024/month=12/',
      { kind: 'dated', isHive: true, span: { fromMs: Date.UTC(2024, 11, 1), untilMs: Date.UTC(2025, 0, 1) } },
    ],
    [
      'AWSLogs/123456789012/vpcflowlogs/us-east-1/2023/12/31/23/',
      { kind: 'dated', isHive: false, span: { fromMs: Date.UTC(2023, 11, 31, 23), untilMs: Date.UTC(2024, 0, 1) } },
    ],
    ['AWSLogs/123456789012/vpcflowlogs/us-east-1/2024/13/', { kind: 'unknown' }],
    ['AWSLogs/123456789012/vpcflowlogs/us-east-1/week=7/', { kind: 'unknown' }],
    ['AWSLogs/123456789012/vpcflowlogs/us-east-1/2024/02/29/10/extra/', { kind: 'unknown' }],
    [
      'AWSLogs/123456789012/vpcflowlogs/us-east-1/2024/0',
      { kind: 'dated', isHive: false, span: { fromMs: Date.UTC(2024, 0), untilMs: Date.UTC(2025, 0) } },
    ],
  ] as const)('%s', ([path, place]) => {
    expect(folderPlace(path)).toEqual(place)
  })
})

/** Some hours around a turn of the year, so that every level of folders changes. */
const START = Date.UTC(2023, 11, 31, 22)
const forms = fc.record({
  prefix: fc.constantFrom('', 'team-a/', 'x/y/'),
  organisation: fc.boolean(),
  account: fc.constantFrom('123456789012', '012345678901', 'unknown'),
  region: fc.constantFrom('us-east-1', 'eu-west-1'),
  layout: fc.constantFrom('day', 'hour', 'hive', 'hive-hour'),
  suffix: fc.constantFrom('.log.gz', '.log.parquet'),
}) as fc.Arbitrary<KeyForm>
const files = fc.array(
  fc.record({
    form: forms,
    windowMs: fc.integer({ min: 0, max: 45 }).map(n => START + n * WINDOW),
    /** When it was made: up to ten minutes before its window, up to as late as it may come after it. */
    early: fc.integer({ min: 0, max: 10 }),
    late: fc.integer({ min: 0, max: 100 }),
    hash: fc.constantFrom('00', '7f', 'ff'),
  }),
  { maxLength: 40, size: 'medium' },
)
const OTHERS = [
  'AWSLogs/123456789012/CloudTrail/us-east-1/2024/01/01/x.json.gz',
  'AWSLogs/123456789012/vpcflowlogs/us-east-1/2019/01/01/old.log.gz',
]

describe('listing a window', () => {
  test(
    'gives every object that can have a record in it, whatever the layout and however late, and none twice',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          files,
          // Near the hour and the day the folders beside them count.
          fc
            .tuple(fc.integer({ min: -1, max: 5 }), fc.constantFrom(0, 1, 3, 4, 30))
            .map(([hour, minute]) => hour * 60 + minute),
          fc.oneof(fc.integer({ min: 1, max: 180 }), fc.integer({ min: 1, max: 10_000 })),
          fc.constantFrom(
            '',
            '',
            '',
            'team-a/',
            'AWSLogs/',
            'AWSLogs/1234',
            'AWSLogs/123456789012/vpcflowlogs/us-east-1/202',
          ),
          fc.constantFrom<'bounded' | 'from' | 'until'>('bounded', 'from', 'until'),
          fc.constantFrom(0, 7 * HOUR),
          async (made, fromMinutes, lengthMinutes, prefix, open, latenessMs) => {
            const keys = made.map(({ form, windowMs, early, late, hash }) =>
              flowLogKey(form, windowMs, windowMs - early * MINUTE + (late / 100) * latenessMs, hash),
            )
            const bucket = folderBucket([...keys, ...OTHERS])
            const fromMs = open === 'until' ? Number.NEGATIVE_INFINITY : START + fromMinutes * MINUTE
            const untilMs = open === 'from' ? Number.POSITIVE_INFINITY : START + (fromMinutes + lengthMinutes) * MINUTE
            const found = await listed(bucket, prefix, fromMs, untilMs, latenessMs)
            const wanted = [...new Set(keys)].filter(key => {
              const parts = partsOfKey(key)
              return key.startsWith(prefix) && parts && parts.oldestEndMs < untilMs && parts.newestEndMs > fromMs
            })
            expect(found.filter(key => !OTHERS.includes(key)).toSorted()).toEqual(wanted.toSorted())
          },
        ),
        propertyRuns(300),
      )
    },
    propertyTimeoutMs(60_000),
  )

  test('enters only the days and hours that can have something, and no other service', async () => {
    const atMs = Date.UTC(2024, 5, 15, 12)
    const keys: string[] = []
    for (let hour = -24 * 40; hour < 24 * 40; hour++) {
      const windowMs = atMs + hour * HOUR
      keys.push(flowLogKey({ ...FORM, layout: 'hour' }, windowMs, windowMs, 'aa'))
      keys.push(flowLogKey({ ...FORM, region: 'eu-west-1', layout: 'hive' }, windowMs, windowMs, 'aa'))
    }
    const bucket = folderBucket([...keys, ...OTHERS])
    expect(await listed(bucket, '', atMs, atMs + HOUR)).toHaveLength(2)
    expect(bucket.asked.filter(path => /CloudTrail/.test(path))).toEqual([])
    const [hourly, daily] = ['/us-east-1/2024/06/15/', '/aws-region=eu-west-1/year=2024/month=06/day=15/']
    expect(
      bucket.asked
        .filter(path => path.includes(hourly))
        .map(path => path.split(hourly)[1])
        .toSorted(),
    ).toEqual(['*', '10/*', '11/', '12/', '13/', '14/*'])
    expect(bucket.asked.filter(path => path.includes(daily)).map(path => path.split(daily)[1])).toEqual(['*'])
    expect(bucket.asked.length).toBeLessThan(20)
  })

  test('all of time is one listing for each region, and whatever else lies there', async () => {
    const keys = [
      flowLogKey(FORM, START, START, 'aa'),
      'by-hand.log',
      'AWSLogs/123456789012/vpcflowlogs/us-east-1/by-hand/x.log',
    ]
    const bucket = folderBucket([...keys, ...OTHERS])
    const found = await listed(bucket, '', EVER.fromMs, EVER.untilMs)
    expect(found.toSorted()).toEqual([...keys, OTHERS[1]].toSorted())
    expect(bucket.asked).toEqual([
      '*',
      'AWSLogs/*',
      'AWSLogs/123456789012/*',
      'AWSLogs/123456789012/vpcflowlogs/*',
      'AWSLogs/123456789012/vpcflowlogs/us-east-1/',
    ])
  })

  test('a prefix that leads elsewhere is listed, for somebody has asked for it', async () => {
    const bucket = folderBucket(OTHERS)
    expect(await listed(bucket, 'AWSLogs/123456789012/CloudTrail/', START, START + HOUR)).toEqual([OTHERS[0]])
  })
})
