#!/usr/bin/env node
// One real Kafka broker on loopback for tests and developers: `npm run kafka`. Built-in modules only.
//
// In this order: the address in WHOHAD_TEST_KAFKA (used, never started or stopped), Docker where an engine answers,
// Java 17 and Maven, which fetch Kafka's own artifacts into .cache/kafka/<version>/.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { securedListeners } from './kafka-listeners.mjs'

/** 4.4.0 is listed by the registry, but not all of its parts can be fetched (November 2026). */
export const KAFKA_VERSION = process.env.WHOHAD_TEST_KAFKA_VERSION || '4.3.1'
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
const SLF4J_VERSION = '1.7.36' // the API version that Kafka 4 brings along
const cacheFolder = fileURLToPath(new URL(`../.cache/kafka/${KAFKA_VERSION}/`, import.meta.url))

const MINUTES = 60_000

/**
 * Finds a way to a broker and fetches what it takes; slow (a minute or so) the first time with Maven, then quick.
 * @returns {Promise<{way: 'address'|'docker'|'java', brokers?: string[]} | {way: 'none', why: string}>}
 */
export async function prepareKafka(say = () => {}) {
  const address = process.env.WHOHAD_TEST_KAFKA
  if (address) return { way: 'address', brokers: address.split(',').map(broker => broker.trim()) }
  const why = []
  const engine = await run('docker', ['info'], 15_000)
  if (engine.ok) {
    const image = await run('docker', ['pull', '--quiet', `apache/kafka:${KAFKA_VERSION}`], 10 * MINUTES)
    if (image.ok) return { way: 'docker' }
    why.push(`docker cannot pull apache/kafka:${KAFKA_VERSION} (${lastLine(image.output)})`)
  } else why.push('no Docker engine answers')
  const java = await run('java', ['-version'], 15_000)
  const release = Number(/version "(\d+)/.exec(java.output)?.[1] ?? 0)
  if (release < 17) why.push(release === 0 ? 'no Java' : `Java ${release}, not 17`)
  else {
    const failure = await fetchWithMaven(say)
    if (failure === undefined) return { way: 'java' }
    why.push(failure)
  }
  return { way: 'none', why: why.join('; ') }
}

/**
 * Starts one broker and resolves when it answers. The options are for a broker with Java only: they ask for listeners with
 * TLS and SASL, for one that is advertised at a port of the caller's, and for settings of its own.
 * @returns {Promise<import('./kafka.mjs').RunningKafka>}
 */
export async function startKafka(prepared, say = () => {}, options = {}) {
  const found = prepared ?? (await prepareKafka(say))
  if (found.way === 'java') return startWithJava(options)
  if (Object.keys(options).length > 0) throw new Error('A broker with such options is started with Java only.')
  if (found.way === 'address') return { brokers: found.brokers, how: 'WHOHAD_TEST_KAFKA', stop: async () => {} }
  if (found.way === 'docker') return startInDocker()
  throw new Error(`No Kafka here: ${found.why}. ${HOW_TO_GET_ONE}`)
}

export const HOW_TO_GET_ONE =
  'Set WHOHAD_TEST_KAFKA=host:port, start a Docker engine, or install Java 17 and Maven (Debian: openjdk-17-jre-headless, maven)'

async function fetchWithMaven(say) {
  if (existsSync(join(cacheFolder, 'libs'))) return undefined
  if (!(await run('mvn', ['-v'], 30_000)).ok) return 'no Maven'
  say(`fetching Kafka ${KAFKA_VERSION} with Maven, once`)
  const work = `${cacheFolder.slice(0, -1)}.${process.pid}`
  await mkdir(work, { recursive: true })
  await writeFile(join(work, 'pom.xml'), pom())
  const args = ['-B', '-ntp', '-q', '-f', join(work, 'pom.xml'), COPY_DEPENDENCIES]
  const copied = await run(
    'mvn',
    [...args, '-DincludeScope=runtime', `-DoutputDirectory=${join(work, 'libs')}`],
    10 * MINUTES,
  )
  if (copied.ok && !existsSync(cacheFolder)) await rename(work, cacheFolder).catch(() => {}) // another run may have won
  await rm(work, { recursive: true, force: true })
  return existsSync(join(cacheFolder, 'libs'))
    ? undefined
    : `Maven cannot fetch kafka_2.13 ${KAFKA_VERSION} (${lastLine(copied.output)})`
}

const pom = () => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>whohad</groupId><artifactId>kafka-for-tests</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>${SLF4J_VERSION}</version></dependency>
  </dependencies>
</project>
`

async function startWithJava({ secured = false, proxyPort, properties = {} }) {
  const folder = await mkdtemp(join(tmpdir(), 'whohad-kafka-'))
  const [port, controllerPort, proxiedPort, ...securedPorts] = await freePorts(5)
  const settings = join(folder, 'server.properties')
  const logFile = join(folder, 'broker.log')
  const security = secured ? securedListeners(folder, securedPorts) : undefined
  const listeners = [
    { name: 'PLAINTEXT', protocol: 'PLAINTEXT', port },
    { name: 'CONTROLLER', protocol: 'PLAINTEXT', port: controllerPort },
    ...(security?.listeners ?? []),
    ...(proxyPort ? [{ name: 'PROXIED', protocol: 'PLAINTEXT', port: proxiedPort, advertised: proxyPort }] : []),
  ]
  const more = { ...security?.properties, ...properties }
  await writeFile(settings, serverProperties(folder, controllerPort, listeners, more))
  const java = mainClass => [
    '-Xmx512m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-cp',
    [join(cacheFolder, 'libs', '*')].join(delimiter),
    mainClass,
  ]
  const scram = (security?.scram ?? []).flatMap(credential => ['--add-scram', credential])
  const format = ['format', '--standalone', '-t', clusterId(), '-c', settings, ...scram]
  const formatted = await run('java', [...java('kafka.tools.StorageTool'), ...format], 2 * MINUTES)
  if (!formatted.ok) throw new Error(`Kafka's storage cannot be formatted: ${formatted.output}`)

  const start = () => runBroker([...java('kafka.Kafka'), settings], port, logFile)
  let running = await start().catch(error => {
    rmSync(folder, { recursive: true, force: true })
    throw error
  })
  const stop = async () => {
    await running?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return {
    brokers: [`127.0.0.1:${port}`],
    how: `Kafka ${KAFKA_VERSION}, Java, pid ${running.pid}`,
    dataFolder: join(folder, 'data'),
    ...(security && { secured: security.access }),
    ...(proxyPort && { behindProxy: proxiedPort }),
    stop,
    async halt(signal) {
      await running?.stop(signal)
      running = undefined
    },
    async resume() {
      running ??= await start()
    },
  }
}

/** Starts the process, and resolves once it answers at the port. */
async function runBroker(args, port, logFile) {
  const log = openSync(logFile, 'w')
  const broker = spawn('java', args, { stdio: ['ignore', log, log] })
  closeSync(log)
  const ended = new Promise(resolve => broker.once('exit', resolve))
  const killNow = () => broker.kill('SIGKILL')
  process.once('exit', killNow)
  const stop = async (signal = 'SIGTERM') => {
    broker.kill(signal)
    const patience = setTimeout(killNow, 10_000)
    await ended
    clearTimeout(patience)
    process.off('exit', killNow)
  }
  if (!(await answers(port, () => broker.exitCode !== null))) {
    const said = readFileSync(logFile, 'utf8').slice(-2000)
    await stop()
    throw new Error(`The Kafka broker did not come up:\n${said}`)
  }
  return { pid: broker.pid, stop }
}

const at = (listeners, portOf) => listeners.map(each => `${each.name}://127.0.0.1:${portOf(each)}`).join(',')

const serverProperties = (folder, controllerPort, listeners, more) => `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}
listeners=${at(listeners, ({ port }) => port)}
advertised.listeners=${at(listeners, ({ port, advertised }) => advertised ?? port)}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=${listeners.map(({ name, protocol }) => `${name}:${protocol}`).join(',')}
log.dirs=${join(folder, 'data')}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.io.threads=4
num.network.threads=2
log.cleaner.dedupe.buffer.size=16777216
${Object.entries(more)
  .map(([name, value]) => `${name}=${value}\n`)
  .join('')}`

async function startInDocker() {
  const [port] = await freePorts(1)
  const settings = {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_LISTENERS: 'PLAINTEXT://0.0.0.0:9092,CONTROLLER://localhost:9093',
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
  }
  const environment = Object.entries(settings).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  const publish = `127.0.0.1:${port}:9092`
  const args = ['run', '-d', '--rm', '-p', publish, ...environment, `apache/kafka:${KAFKA_VERSION}`]
  const started = await run('docker', args, 2 * MINUTES)
  if (!started.ok) throw new Error(`Docker cannot start Kafka: ${started.output}`)
  const container = lastLine(started.output)
  const stop = async () => {
    await run('docker', ['rm', '-f', container], 60_000)
  }
  if (!(await answers(port, () => false))) {
    const { output } = await run('docker', ['logs', '--tail', '30', container], 15_000)
    await stop()
    throw new Error(`The Kafka container did not come up:\n${output}`)
  }
  return { brokers: [`127.0.0.1:${port}`], how: `Kafka ${KAFKA_VERSION}, Docker`, stop }
}

/** Kafka's ids are 16 random bytes; one that began with a hyphen would read as an option. */
function clusterId() {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? clusterId() : id
}

/** Two minutes of asking until a broker replies on the port. */
async function answers(port, hasEnded) {
  for (let tries = 0; tries < 480 && !hasEnded(); tries++) {
    if (await askApiVersions(port)) return true
    await new Promise(resolve => setTimeout(resolve, 250))
  }
  return false
}

/** An open port is not yet a broker: ask for ApiVersions (key 18, version 0), the first request of every client. */
function askApiVersions(port) {
  const request = Buffer.alloc(14)
  request.writeInt32BE(10, 0)
  request.writeInt16BE(18, 4)
  request.writeInt32BE(1, 8)
  request.writeInt16BE(-1, 12)
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    const end = answered => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(2_000, () => end(false))
    socket.once('data', () => end(true))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })
}

/** All are held until each has its number, so that none is given twice. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map(server => new Promise(resolve => server.listen(0, '127.0.0.1', resolve))))
  const ports = servers.map(server => server.address().port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

function run(command, args, timeoutMs) {
  return new Promise(resolve => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs })
    let output = ''
    child.stdout.on('data', chunk => (output += chunk))
    child.stderr.on('data', chunk => (output += chunk))
    child.once('error', error => resolve({ ok: false, output: error.message }))
    child.once('close', code => resolve({ ok: code === 0, output }))
  })
}

const lastLine = text => text.trim().split('\n').at(-1) ?? ''

async function main(command = 'start') {
  const say = text => process.stderr.write(`${text}\n`)
  if (!['start', 'secured', 'prepare'].includes(command)) {
    say('usage: node scripts/kafka.mjs [start | secured | prepare]')
    process.exitCode = 2
    return
  }
  const prepared = await prepareKafka(say)
  if (prepared.way === 'none') throw new Error(`No Kafka here: ${prepared.why}. ${HOW_TO_GET_ONE}.`)
  if (command === 'prepare') return say(`Kafka: ${prepared.way}`)
  const kafka = await startKafka(prepared, say, command === 'secured' ? { secured: true } : {})
  say(`${kafka.how}. Point whohad at it with WHOHAD_KAFKA__BROKERS, tests with WHOHAD_TEST_KAFKA. Ctrl-C stops it.`)
  process.stdout.write(`${kafka.brokers.join(',')}\n`)
  if (kafka.secured) process.stdout.write(`${JSON.stringify(kafka.secured, undefined, 2)}\n`)
  const stopped = new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve)
  })
  const alive = setInterval(() => {}, MINUTES)
  await stopped
  clearInterval(alive)
  await kafka.stop()
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv[2]).catch(error => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}
