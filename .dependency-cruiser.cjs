// Who may import whom within src/ (docs/architecture.md, "Layers"). Think hard before you widen a line.
const may = (folder, ...others) => ({
  name: `${folder}-may-import-${others.join('-') || 'nothing'}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: [folder, ...others].map(path => `^src/${path}(/|\\.ts$)`) },
})

// Each vendor's client has one home.
const home = (packages, folders) => ({
  name: `${packages[0].replace(/[^a-z0-9]/g, '-')}-lives-in-${folders.join('-').replaceAll('/', '-')}`,
  severity: 'error',
  from: { path: '^src/', pathNot: folders.map(folder => `^src/${folder}/`) },
  to: { path: packages.map(name => `(^|/)node_modules/${name}/`) },
})

module.exports = {
  forbidden: [
    may('ownership'),
    may('runtime'),
    may('changestream', 'ownership', 'runtime'),
    may('pollers', 'ownership', 'runtime', 'changestream'),
    may('store', 'ownership', 'runtime'),
    may('enricher', 'ownership', 'runtime', 'changestream', 'store'),
    may('api', 'ownership', 'runtime', 'changestream', 'store'),
    may('simulator', 'ownership', 'runtime'),
    {
      name: 'the-core-is-pure',
      comment: 'src/ownership has no I/O, no clock, no logger and no npm package',
      severity: 'error',
      from: { path: '^src/ownership/' },
      to: { dependencyTypesNot: ['local'] },
    },
    home(['kafkajs', 'avsc'], ['changestream']),
    home(['@aws-sdk/credential-provider-node', '@smithy'], ['changestream/kafka']),
    home(['@aws-sdk/client-ec2', '@aws-sdk/client-sts'], ['pollers/ec2']),
    home(['@aws-sdk/client-s3', '@aws-sdk/client-sqs'], ['enricher/flowlogs']),
    home(['@clickhouse/client', 'chdb'], ['store']),
    home(['fastify', '@fastify'], ['api']),
    home(['jose'], ['api/security']),
    home(['@opentelemetry'], ['cli']),
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '^src/cli/main\\.ts$' },
      to: {},
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
