import { Type } from './schema-words.ts'

/**
 * Every key of the configuration, with its default and what it means. docs/configuration.md is written from it, and a test
 * keeps the two in step.
 */
const strict = { additionalProperties: false } as const
const section = (description: string) => ({ ...strict, default: {}, description })
const seconds = (value: number, description: string) => Type.Number({ minimum: 0, default: value, description })
const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, default: 0.5, description })
const optionalUrl = (description: string) =>
  Type.Optional(Type.String({ pattern: '^https?://', description: `${description} (http:// or https://)` }))

const domainName = (description: string) =>
  Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$', description })
const instant = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))

const layers = Type.Union(['interface', 'instance', 'container'].map(layer => Type.Literal(layer)))

const bounds = {
  pollSeconds: Type.Number({ minimum: 1, default: 60, description: 'Longest time between two polls.' }),
  fastestPollSeconds: Type.Number({
    minimum: 1,
    default: 15,
    description:
      'Shortest time between two polls, where addresses change hands often. From pollSeconds on, every poll comes after pollSeconds.',
  }),
  lagSeconds: seconds(10, 'Declared bound: how stale a reply may be.'),
  clockErrorSeconds: seconds(0.1, 'Declared bound: how far this clock and the source’s may differ.'),
  bridgeSeconds: seconds(
    180,
    'Declared bound: longest gap in which an address without a lifetime id cannot leave its holder and come back.',
  ),
  briefestHoldingSeconds: seconds(
    0,
    'Declared bound: shortest time for which anyone holds an address; with flow sightings, and is on an interface under one application name. 0 promises nothing; above two polls’ distance absence between polls is proved.',
  ),
  largestDrop: share(
    'A listing that lacks more than this share of a layer’s holdings is not believed; "whohad poll accept" takes it all the same.',
  ),
  largestNamedDrop: share(
    'A listing in which the share of holdings with a named owner fell by more than this is not believed: tags vanish under load.',
  ),
  fewestHoldings: Type.Integer({
    minimum: 1,
    default: 20,
    description: 'Layers and places with fewer holdings are too small for these shares.',
  }),
  takeOverAfterPolls: Type.Number({
    minimum: 1,
    default: 2,
    description:
      'A second process that polls the same source stands by until so many polls of the first were missed (Kafka only: a folder has one writer). Below 2.5 the coverage gets no hole.',
  }),
}

const tagRule = Type.Object(
  {
    rule: Type.Literal('tag'),
    keys: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: 'With rule tag: tag keys in order, matched exactly.',
    }),
  },
  strict,
)
const asgRule = Type.Object({ rule: Type.Literal('asg-frigga') }, strict)
const descriptionRule = Type.Object(
  {
    rule: Type.Literal('description'),
    pattern: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'With rule description: regular expression over it; without one, names that AWS services write are known.',
      }),
    ),
    application: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'With rule description and a pattern: the name, with $1… filled in from the match; by default $1.',
      }),
    ),
  },
  strict,
)

export const SettingsSchema = Type.Object(
  {
    data: Type.Object(
      {
        path: Type.String({
          minLength: 1,
          default: 'whohad-data',
          description: 'Folder of the embedded change stream and store.',
        }),
        checkpointSeconds: Type.Number({
          minimum: 1,
          default: 600,
          description:
            'How often what is known is written to one file, from which a restart goes on instead of reading the whole change stream. A stop writes it too.',
        }),
        syncSeconds: seconds(
          0,
          'How long the embedded change stream may leave what it has acknowledged to the page cache. 0: acknowledged means on disk. Above, a power loss costs the polls of so many seconds; a killed process costs nothing.',
        ),
      },
      section('Where whohad keeps what it knows when neither Kafka nor a ClickHouse server is configured.'),
    ),
    api: Type.Object(
      {
        host: Type.String({ minLength: 1, default: '127.0.0.1', description: 'Address to listen on.' }),
        port: Type.Integer({
          minimum: 0,
          maximum: 65535,
          default: 7788,
          description: 'Port to listen on; 0 takes a free one.',
        }),
        insecure: Type.Boolean({
          default: false,
          description:
            'Listen beyond loopback without a login, or without TLS here or in front: everybody who reaches the address may ask everything, or whoever is on the way may read the keys. With both it is not needed.',
        }),
        tlsCertFile: Type.Optional(
          Type.String({
            minLength: 1,
            description:
              'PEM file with the server’s certificate and those that lead to an authority. Set, the server speaks TLS (1.2 and later) and nothing else; read again when it changes.',
          }),
        ),
        tlsKeyFile: Type.Optional(Type.String({ minLength: 1, description: 'PEM file with its key.' })),
        trustedProxies: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description:
            'Addresses and blocks (10.0.0.0/8) of proxies in front, which speak TLS with the callers: what their X-Forwarded-For says is the caller’s address. With none, nobody’s is believed.',
        }),
        keysFile: Type.Optional(
          Type.String({
            minLength: 1,
            description:
              'File with the API keys that are let in, as "whohad keys" writes it. Set, callers must log in; read again when it changes.',
          }),
        ),
        oidcIssuer: Type.Optional(
          Type.String({
            minLength: 1,
            description:
              'Who signs the tokens (JWT) that are let in, exactly as in their `iss`. Set, callers must log in.',
          }),
        ),
        oidcAudience: Type.Optional(
          Type.String({ minLength: 1, description: 'What the tokens’ `aud` must name: whohad, at that issuer.' }),
        ),
        oidcJwksUrl: optionalUrl('Where the issuer’s public keys are (JWKS)'),
        // None with a shared secret: who can check such a token can make one.
        oidcAlgorithms: Type.Array(Type.String({ pattern: '^([RPE]S(256|384|512)|EdDSA)$' }), {
          minItems: 1,
          default: ['RS256', 'ES256'],
          description: 'Algorithms of its signatures, as JWT names them.',
        }),
        oidcDomainsClaim: Type.String({
          minLength: 1,
          default: 'whohad-domains',
          description:
            'Claim of the token that lists the routing domains it may read; * is all. A token without it reads none.',
        }),
        openMetrics: Type.Boolean({
          default: false,
          description: 'Show /metrics to everybody, where callers must log in. Its labels name all sources.',
        }),
        openPage: Type.Boolean({
          default: false,
          description: 'Show the page and the description of the API to everybody, where callers must log in.',
        }),
        requestsPerMinute: Type.Integer({
          minimum: 0,
          default: 0,
          description:
            'Most requests of one key or token a minute, or of one address where nobody logged in. 0 is without limit.',
        }),
        answerThreads: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: 64,
            description:
              'Threads that answer long requests (many questions, texts) beside the main one, which single look-ups then need not wait for. The first such request starts them. Left out, two fewer than there are processors, at most four; 0 is none.',
          }),
        ),
        corsOrigins: Type.Array(Type.String({ pattern: '^https?://[^/*\\s]+$' }), {
          default: [],
          description: 'Sites, like https://tools.example.net, whose scripts may read answers. With none, none may.',
        }),
        audit: Type.Boolean({
          default: false,
          description:
            'One log line for each request: who asked, which route, which routing domain, about how many addresses, with what status.',
        }),
      },
      section('The HTTP API and the page.'),
    ),
    retention: Type.Object(
      {
        days: Type.Optional(
          Type.Number({
            exclusiveMinimum: 0,
            description:
              'The change stream keeps history for so many days, and then up to one more; questions about earlier are answered unknown: expired. What is still held is kept, however old. On Kafka records are deleted from the topic, which needs the right to. Left out, for ever.',
          }),
        ),
      },
      section('How long history is kept.'),
    ),
    kafka: Type.Object(
      {
        brokers: Type.Array(Type.String({ pattern: '^[^\\s,/]+:\\d+$' }), {
          default: [],
          description: 'host:port of each; with none the change stream is embedded.',
        }),
        topic: Type.String({ minLength: 1, default: 'whohad.changes', description: 'The change stream’s topic.' }),
        partitions: Type.Integer({
          minimum: 1,
          maximum: 1024,
          default: 12,
          description: 'Fixed for the life of the topic.',
        }),
        replicationFactor: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 10,
            description: 'Replicas when the topic is made. Left out, three, or as many as there are brokers.',
          }),
        ),
        minInsyncReplicas: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 10,
            description: 'Replicas that must have a record before it counts as written. Left out, all but one.',
          }),
        ),
        retentionSeconds: Type.Optional(
          Type.Number({
            minimum: 1,
            description:
              'How long the topic keeps records, when it is made; the broker then deletes what is still needed too. Best left out, which is for ever: retention.days lets go of history in good order.',
          }),
        ),
        retentionBytes: Type.Optional(
          Type.Integer({
            minimum: 1,
            description: 'How much of each partition the topic keeps, when it is made; best left out, which is all.',
          }),
        ),
        compression: Type.Union([Type.Literal('gzip'), Type.Literal('none')], {
          default: 'gzip',
          description: 'gzip or none. Written so; both are always read.',
        }),
        tls: Type.Optional(
          Type.Boolean({ description: 'TLS to the brokers. Left out, on unless all of them are on loopback.' }),
        ),
        insecure: Type.Boolean({
          default: false,
          description: 'Allow tls: false for brokers beyond loopback.',
        }),
        tlsCaFile: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'PEM file of who signed the brokers’ certificates. Left out, the public authorities.',
          }),
        ),
        tlsCertFile: Type.Optional(
          Type.String({ minLength: 1, description: 'PEM file of the client certificate, where brokers ask for one.' }),
        ),
        tlsKeyFile: Type.Optional(Type.String({ minLength: 1, description: 'PEM file of its key.' })),
        tlsKeyPassphraseFile: Type.Optional(
          Type.String({ minLength: 1, description: 'File with the passphrase of that key, where it has one.' }),
        ),
        saslMechanism: Type.Optional(
          Type.Union(
            [
              Type.Literal('plain'),
              Type.Literal('scram-sha-256'),
              Type.Literal('scram-sha-512'),
              Type.Literal('oauthbearer'),
              Type.Literal('aws-msk-iam'),
            ],
            { description: 'Login: plain, scram-sha-256, scram-sha-512, oauthbearer or aws-msk-iam. Left out, none.' },
          ),
        ),
        saslUsername: Type.Optional(Type.String({ minLength: 1, description: 'User for plain and scram.' })),
        saslPassword: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'Password for plain and scram; better given by WHOHAD_KAFKA__SASL_PASSWORD or the next key.',
          }),
        ),
        saslPasswordFile: Type.Optional(Type.String({ minLength: 1, description: 'File with that password.' })),
        oauthTokenUrl: optionalUrl('Token endpoint for oauthbearer, by client credentials'),
        oauthClientId: Type.Optional(Type.String({ minLength: 1, description: 'Client at the token endpoint.' })),
        oauthClientSecret: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'Its secret; better given by WHOHAD_KAFKA__OAUTH_CLIENT_SECRET or the next key.',
          }),
        ),
        oauthClientSecretFile: Type.Optional(
          Type.String({ minLength: 1, description: 'File with that secret, read again for every token.' }),
        ),
        oauthScope: Type.Optional(Type.String({ minLength: 1, description: 'Scope to ask for.' })),
        awsRegion: Type.Optional(
          Type.String({
            pattern: '^[a-z]{2}(-[a-z]+)+-[0-9]+$',
            description:
              'Region of the Amazon MSK cluster, for aws-msk-iam; credentials come from the AWS SDK’s chain.',
          }),
        ),
        schemaRegistryUrl: optionalUrl(
          'Root of a schema registry’s REST API: records are written in its framing. Left out, in single-object encoding',
        ),
        schemaRegistryUsername: Type.Optional(Type.String({ minLength: 1, description: 'User of the registry.' })),
        schemaRegistryPassword: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'Its password; better given by WHOHAD_KAFKA__SCHEMA_REGISTRY_PASSWORD or the next key.',
          }),
        ),
        schemaRegistryPasswordFile: Type.Optional(
          Type.String({ minLength: 1, description: 'File with that password.' }),
        ),
        schemaFolder: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'Folder with .avsc files of a newer whohad, whose records this one is to read.',
          }),
        ),
      },
      section('The change stream on Kafka.'),
    ),
    clickhouse: Type.Object(
      {
        url: optionalUrl('A ClickHouse server; with none the store is embedded.'),
        username: Type.String({ default: 'default', description: 'User of the server.' }),
        password: Type.String({
          default: '',
          description: 'Its password; better given by WHOHAD_CLICKHOUSE__PASSWORD.',
        }),
        database: Type.String({
          pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
          default: 'whohad',
          description: 'Database of the server.',
        }),
      },
      section('The store on a ClickHouse server.'),
    ),
    domains: Type.Array(
      Type.Object(
        {
          domain: domainName('Name of the routing domain.'),
          partition: Type.Optional(
            Type.String({
              description:
                'Matches only there: aws, aws-cn, aws-us-gov. Left out, it matches any, as do the next three.',
            }),
          ),
          account: Type.Optional(
            Type.String({ description: 'Matches only what this account owns, twelve digits in quotes.' }),
          ),
          region: Type.Optional(Type.String({ description: 'Matches only there.' })),
          vpc: Type.Optional(Type.String({ description: 'Matches only this VPC’s id.' })),
          since: instant('The rule is in force from here on, ISO 8601 with a zone. Left out, it always was.'),
          until: instant('… and until before here. Left out, it has no end.'),
          expects: Type.Optional(
            Type.Record(Type.String(), Type.Array(layers), {
              description: 'Layers expected above an ENI of a kind, for example branch: [container].',
            }),
          ),
        },
        strict,
      ),
      { default: [], description: 'Rules in order that name the private space of VPCs; by default a VPC’s id.' },
    ),
    reach: Type.Array(
      Type.Object(
        {
          from: domainName('A routing domain.'),
          to: domainName('Another one, which may be reached from it.'),
          cidrs: Type.Optional(
            Type.Array(Type.String(), {
              minItems: 1,
              description: 'Only these blocks of `to`. Left out, all that a source watches there.',
            }),
          ),
          since: instant('From when, ISO 8601 with a zone. Left out, always.'),
          until: instant('Until before when. Left out, without end.'),
          via: Type.String({ default: 'declared', description: 'What leads there, for people: a peering, a gateway.' }),
          bothWays: Type.Boolean({
            default: true,
            description: 'Also from `to` to all that a source watches in `from`.',
          }),
        },
        strict,
      ),
      {
        default: [],
        description:
          'Routes from one domain to another, by peering or transit. All of them must be here: remote addresses that no source watches in the own domain are looked for there.',
      },
    ),
    naming: Type.Object(
      {
        rules: Type.Array(Type.Union([tagRule, asgRule, descriptionRule]), {
          default: [{ rule: 'tag', keys: ['app', 'application'] }, { rule: 'asg-frigga' }, { rule: 'description' }],
          description: 'How a resource gets its application: the first rule that yields a name.',
        }),
        teamTags: Type.Array(Type.String(), {
          default: ['team', 'owner', 'email'],
          description: 'Tags that name the team.',
        }),
      },
      section('Names of applications.'),
    ),
    ec2: Type.Array(
      Type.Object(
        {
          account: Type.String({
            pattern: '^\\d{12}$',
            description: 'Account id, twelve digits in quotes. Credentials of another account are refused.',
          }),
          region: Type.Optional(Type.String({ minLength: 1, description: 'One region; or give `regions`.' })),
          regions: Type.Optional(
            Type.Array(Type.String({ minLength: 1 }), {
              minItems: 1,
              description: 'Several regions, each of which is a source by itself.',
            }),
          ),
          partition: Type.String({ default: 'aws', description: 'The region’s partition: aws, aws-cn, aws-us-gov.' }),
          endpoint: optionalUrl('Instead of the region’s own endpoint'),
          stsEndpoint: optionalUrl(
            'Instead of the region’s own endpoint of STS, which says whose the credentials are; needed where `endpoint` is on loopback or a private address',
          ),
          roleArn: Type.Optional(
            Type.String({
              pattern: '^arn:[a-z-]+:iam::\\d{12}:role/[\\w+=,.@/-]+$',
              description: 'Role of the account to assume. Left out, the credentials themselves are used.',
            }),
          ),
          externalId: Type.Optional(
            Type.String({
              pattern: '^[\\w+=,.@:/-]{2,1224}$',
              description: 'External id that the role’s trust policy asks for.',
            }),
          ),
          sessionName: Type.String({
            pattern: '^[\\w+=,.@-]{2,64}$',
            default: 'whohad',
            description: 'Name of the role’s session, as CloudTrail shows it.',
          }),
          lookSeconds: seconds(
            5,
            'Between two polls, addresses that changed hands in the last half hour are looked at this often, so that their next handoff is seen within seconds. Looks draw on requestsPerSecond. 0: never.',
          ),
          requestsPerSecond: Type.Number({
            exclusiveMinimum: 0,
            maximum: 20,
            default: 2,
            description:
              'Requests a second for each action, account and region, retries included; halved when EC2 throttles. AWS itself gives 20 to the whole account.',
          }),
          requestBurst: Type.Integer({
            minimum: 1,
            maximum: 100,
            default: 10,
            description: 'As many requests of an action may go at once after a pause. AWS itself gives 100.',
          }),
          hedgeSlowPages: Type.Boolean({
            default: true,
            description:
              'A page slower than nineteen of twenty before it is asked for a second time; the first reply counts.',
          }),
          ...bounds,
        },
        strict,
      ),
      {
        default: [],
        description:
          'EC2 inventories: one account in one or more regions each. Credentials come from the AWS SDK’s default chain; with `roleArn` they assume that role.',
      },
    ),
    titus: Type.Array(
      Type.Object(
        {
          name: Type.String({
            pattern: '^[A-Za-z0-9._-]+$',
            description: 'Names the source: titus/NAME. Never change it: a new name is a new source.',
          }),
          url: Type.String({ pattern: '^https?://', description: 'Gateway or federation, without /api/v3.' }),
          covers: Type.Array(
            Type.Object(
              {
                domain: Type.String({ minLength: 1, description: 'Routing domain of the containers there.' }),
                prefix: Type.String({ minLength: 1, description: 'CIDR block of their addresses.' }),
              },
              strict,
            ),
            { minItems: 1, description: 'Address space whose containers this Titus knows all of.' },
          ),
          lookSeconds: seconds(
            5,
            'Between two polls, the tasks on addresses that changed hands in the last half hour are asked for by their ids this often, so that their ends are seen within seconds. 0: never.',
          ),
          ...bounds,
        },
        strict,
      ),
      { default: [], description: 'Titus inventories.' },
    ),
    awsRanges: Type.Object(
      {
        url: optionalUrl(
          'Where an ip-ranges.json is, as https://ip-ranges.amazonaws.com/ip-ranges.json; left out, none is read',
        ),
        name: Type.String({
          pattern: '^[A-Za-z0-9._-]+$',
          default: 'main',
          description: 'Part of the source’s name: main, or a partition where each has a file of its own.',
        }),
        ...bounds,
        fastestPollSeconds: { ...bounds.fastestPollSeconds, default: 60 },
        bridgeSeconds: seconds(
          604_800,
          'Declared bound: a range that is listed before and after so long a gap was listed throughout.',
        ),
      },
      section(
        'The address ranges that AWS publishes: public addresses outside of all inventories are told by their service. Only asked whether they changed; while they cannot be read, answers about public addresses are not final.',
      ),
    ),
    flowLogs: Type.Array(
      Type.Object(
        {
          bucket: Type.String({ minLength: 1, description: 'Name of the bucket.' }),
          prefix: Type.String({ default: '', description: 'Before AWSLogs/ in the objects’ keys.' }),
          region: Type.String({ minLength: 1, description: 'Region of the bucket.' }),
          endpoint: optionalUrl('Instead of the region’s own endpoint'),
          since: instant(
            'Listed objects whose records all end before are left out, ISO 8601 with a zone. Left out, none are.',
          ),
          lateSeconds: seconds(
            21_600,
            'Every listing looks at so much of the past again, for files that come late. Later ones are found within a day.',
          ),
          queueUrl: optionalUrl(
            'SQS queue that is told of new objects, by S3, SNS or EventBridge: the bucket is then not listed',
          ),
          topic: Type.Optional(
            Type.String({
              pattern: '^[A-Za-z0-9._-]{1,249}$',
              description:
                'Kafka topic with the names of new objects, on kafka.brokers: the bucket is then not listed.',
            }),
          ),
          topicGroup: Type.String({
            minLength: 1,
            default: 'whohad-enrichers',
            description: 'Consumer group in which all enrichers share out that topic.',
          }),
          corrections: Type.Boolean({
            default: true,
            description:
              'Answers that later changes touch are given again by this process. Of several processes on one queue or topic, let one do it.',
          }),
          sightings: Type.Boolean({
            default: false,
            description:
              'What flow logs show of the interfaces that made them narrows when their addresses changed hands. Only where the briefest holding that the sources declare is true of every application on an interface as well: a tag that is changed within it after the start of an instance or before its end, or a task that is moved, makes answers wrong.',
          }),
          slackSeconds: seconds(
            60,
            'Declared bound: how much earlier than a record’s start a packet may be. AWS says up to 60.',
          ),
          holdSeconds: Type.Optional(
            Type.Number({
              minimum: 0,
              description:
                'Longest wait for the sources that an object concerns. Left out, three times the longest pollSeconds.',
            }),
          ),
          listSeconds: Type.Number({
            minimum: 1,
            default: 60,
            description: 'Time between two listings; of a queue or topic, between two looks at what waits.',
          }),
        },
        strict,
      ),
      { default: [], description: 'Buckets with VPC Flow Logs.' },
    ),
    tracing: Type.Object(
      {
        otlpUrl: optionalUrl(
          'Where spans of requests, polls and flow log objects go by OTLP over HTTP, the whole URL, as http://127.0.0.1:4318/v1/traces; left out, nothing is traced',
        ),
        sampleShare: Type.Number({
          minimum: 0,
          maximum: 1,
          default: 1,
          description: 'Of the traces that begin here. A caller’s own trace is taken where the caller takes it.',
        }),
      },
      section('Traces for OpenTelemetry.'),
    ),
    log: Type.Object(
      {
        level: Type.Union(
          ['debug', 'info', 'warn', 'error', 'silent'].map(level => Type.Literal(level)),
          {
            default: 'info',
            description: 'Least level written to stderr: debug, info, warn, error or silent.',
          },
        ),
      },
      section('The log, one JSON object a line on stderr.'),
    ),
  },
  strict,
)
